#include "secret_input.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace hoop::cli {
namespace {

// What is typed does not show; the terminal is as before afterwards, whatever ends this.
class HiddenTyping final {
 public:
  HiddenTyping() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    active_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~HiddenTyping() {
    if (!active_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    fmt::print(stderr, "\n");
  }

 private:
  termios before_ = {};
  bool active_ = false;
};

}  // namespace

absl::StatusOr<std::string> Ask(std::string_view question) {
  fmt::print(stderr, "{}", question);
  std::string line;
  if (!std::getline(std::cin, line)) return absl::InvalidArgumentError("the input ended");
  return line;
}

absl::StatusOr<std::string> AskHidden(std::string_view question) {
  if (::isatty(STDIN_FILENO) == 0) {
    return absl::InvalidArgumentError("no terminal to ask for the password: use --password-stdin");
  }
  const HiddenTyping hidden;
  return Ask(question);
}

absl::StatusOr<std::string> ReadPasswordLine() {
  std::string line;
  if (!std::getline(std::cin, line)) return absl::InvalidArgumentError("--password-stdin: no line came");
  return line;
}

}  // namespace hoop::cli

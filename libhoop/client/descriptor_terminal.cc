// DescriptorTerminal of hoop/descriptors.h: modes, size, and what the screen was told.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "client/screen_modes.h"
#include "hoop/descriptors.h"

namespace hoop {
namespace {

// Also for a program in the background, which the kernel would stop for it.
void SetModes(int descriptor, const termios& modes) {
  sigset_t background, before;
  ::sigemptyset(&background);
  ::sigaddset(&background, SIGTTOU);
  ::pthread_sigmask(SIG_BLOCK, &background, &before);
  while (::tcsetattr(descriptor, TCSANOW, &modes) != 0 && errno == EINTR) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

absl::Status WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {  // somebody else made it non-blocking
      pollfd wait{descriptor, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "output");
    }
  }
  return absl::OkStatus();
}

bool IsReady(int descriptor, short events, absl::Duration patience) {
  pollfd wait{descriptor, events, 0};
  return ::poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) == 1 && (wait.revents & events) != 0;
}

}  // namespace

struct DescriptorTerminal::Parts final : public ClientOutput {
  Parts(int input, int output, Keys given_keys) : keys(given_keys), in(input), out(output), reader(input) {}

  absl::Status Write(Channel, std::string_view bytes) override {
    {
      absl::MutexLock lock(&mu);
      screen.Add(bytes);
    }
    return WriteAll(out, bytes);
  }

  termios OwnModes() const {
    termios own = before;
    if (keys == Keys::kPassed) {
      ::cfmakeraw(&own);
    } else {
      own.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
    }
    own.c_cc[VMIN] = 1;
    own.c_cc[VTIME] = 0;
    return own;
  }

  void TakeKeys() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    if (!has_keys) return;
    changed = true;
    SetModes(in, OwnModes());
  }

  // What was played asked the terminal things, and it answers as if keys were typed: they must not reach the shell.
  // It answers in order, so its answer to a last question comes behind all others.
  void TakeAnswers() {
    ::tcflush(in, TCIFLUSH);
    if (!IsReady(out, POLLOUT, absl::ZeroDuration()) || !WriteAll(out, "\x1b[5n").ok()) return;
    std::string answers;
    while (answers.find("\x1b[0n") == std::string::npos && answers.size() < limits::kTerminalAnswerBytesMax) {
      char bytes[256];
      if (!IsReady(in, POLLIN, limits::kTerminalAnswerTime)) return;
      const ssize_t count = ::read(in, bytes, sizeof(bytes));
      if (count <= 0) return;
      answers.append(bytes, static_cast<size_t>(count));
    }
  }

  const Keys keys;
  const int in;
  const int out;
  DescriptorInput reader;
  termios before{};                   // valid when `changed` ever was
  std::atomic<bool> changed = false;  // also looked at by signal handlers

  absl::Mutex mu;
  bool begun ABSL_GUARDED_BY(mu) = false;
  bool has_keys ABSL_GUARDED_BY(mu) = false;
  ScreenModes screen ABSL_GUARDED_BY(mu);
};

DescriptorTerminal::DescriptorTerminal(int input, int output, Keys keys)
    : parts_(std::make_unique<Parts>(input, output, keys)) {}

DescriptorTerminal::~DescriptorTerminal() { End(); }

absl::Status DescriptorTerminal::Begin() {
  const bool has_keys = ::isatty(parts_->in) != 0 && ::tcgetattr(parts_->in, &parts_->before) == 0;
  if (!has_keys && parts_->keys == Keys::kPassed) {
    return FailedPrecondition("could not allocate a tty, wrong type of device: standard input is no terminal");
  }
  absl::MutexLock lock(&parts_->mu);
  parts_->begun = true;
  parts_->has_keys = has_keys;
  parts_->TakeKeys();
  return absl::OkStatus();
}

void DescriptorTerminal::End() {
  std::string reset;
  {
    absl::MutexLock lock(&parts_->mu);
    if (!parts_->begun) return;
    parts_->begun = false;
    reset = parts_->screen.Reset();
  }
  if (parts_->keys == Keys::kIgnored && parts_->changed) parts_->TakeAnswers();
  RestoreModes();
  // A screen that takes nothing keeps nobody here.
  if (!reset.empty() && IsReady(parts_->out, POLLOUT, absl::ZeroDuration())) (void)WriteAll(parts_->out, reset);
  absl::MutexLock lock(&parts_->mu);
  parts_->screen.Add(reset);
}

TerminalSize DescriptorTerminal::Size() {
  winsize window{};
  if (::ioctl(parts_->out, TIOCGWINSZ, &window) != 0) ::ioctl(parts_->in, TIOCGWINSZ, &window);
  return {.rows = window.ws_row, .columns = window.ws_col, .width = window.ws_xpixel, .height = window.ws_ypixel};
}

ClientInput& DescriptorTerminal::input() { return parts_->reader; }
ClientOutput& DescriptorTerminal::output() { return *parts_; }

void DescriptorTerminal::Pause() { RestoreModes(); }

void DescriptorTerminal::Resume() {
  absl::MutexLock lock(&parts_->mu);
  if (parts_->begun) parts_->TakeKeys();
}

void DescriptorTerminal::RestoreModes() {
  if (parts_->changed.exchange(false)) SetModes(parts_->in, parts_->before);
}

bool DescriptorTerminal::at_line_start() const {
  absl::MutexLock lock(&parts_->mu);
  return parts_->screen.at_line_start();
}

}  // namespace hoop

// How long a typed character takes until it is on the screen: runs a command on a terminal, which leads to a shell,
// types and waits for the echo of each character.
//   echo_latency COUNT COMMAND...
// Prints the microseconds of each, one a line.
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int kPatienceMilliseconds = 20'000;
constexpr int kQuietMilliseconds = 200;  // longer than between a prompt's parts

// "": nothing came in time.
std::string ReadSome(int terminal, int milliseconds) {
  pollfd ready = {terminal, POLLIN, 0};
  if (::poll(&ready, 1, milliseconds) != 1) return "";
  char bytes[4096];
  const ssize_t got = ::read(terminal, bytes, sizeof bytes);
  return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : "";
}

void Type(int terminal, const std::string& text) {
  if (::write(terminal, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::exit(1);
}

// False: not in time.
bool AwaitText(int terminal, const std::string& text) {
  std::string screen;
  while (screen.find(text) == std::string::npos) {
    const std::string more = ReadSome(terminal, kPatienceMilliseconds);
    if (more.empty()) return false;
    screen += more;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: echo_latency COUNT COMMAND...\n");
    return 2;
  }
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::execvp(argv[2], argv + 2);
    std::_Exit(127);
  }
  Type(terminal, "echo rea''dy\n");  // its echo does not say it
  if (!AwaitText(terminal, "ready")) {
    std::fprintf(stderr, "echo_latency: no shell answered\n");
    return 1;
  }
  while (!ReadSome(terminal, kQuietMilliseconds).empty()) continue;
  for (int left = std::atoi(argv[1]); left > 0; --left) {
    const auto begin = std::chrono::steady_clock::now();
    Type(terminal, "x");
    if (!AwaitText(terminal, "x")) return 1;
    const auto took = std::chrono::steady_clock::now() - begin;
    std::printf("%lld\n", static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  }
  ::kill(child, SIGTERM);
  ::close(terminal);
  ::waitpid(child, nullptr, 0);
  return 0;
}

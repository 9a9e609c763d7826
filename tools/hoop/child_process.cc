#include "child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace hoop::cli {
namespace {

// Between fork and exec: only calls that are safe there.
[[noreturn]] void BecomeChild(char* const* arguments, char* const* environment, const ChildOptions& options,
                              const passwd* user, int error_pipe, pid_t parent) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!options.in_foreground) ::setpgid(0, 0);  // Ctrl-C in the terminal is for the parent, which ends us in order
  bool ok = true;
  if (!options.output_file.empty()) {  // before the user changes: the file is ours
    const int file = ::open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = ::open("/dev/null", O_RDONLY);
    ok = file >= 0 && ::dup2(null, 0) >= 0 && ::dup2(file, 1) >= 0 && ::dup2(file, 2) >= 0;
  }
  if (user != nullptr) {
    // The new user may not be allowed to stand where we stand.
    ok = ok && ::chdir("/") == 0 && ::setgroups(0, nullptr) == 0 && ::setgid(user->pw_gid) == 0 &&
         ::setuid(user->pw_uid) == 0;
  }
  if (options.ends_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGINT);
    if (::getppid() != parent) ::_exit(1);
  }
  if (ok) ::execve(arguments[0], arguments, environment);
  const int error = errno;
  (void)!::write(error_pipe, &error, sizeof error);
  ::_exit(127);
}

int ExitCode(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

absl::StatusOr<pid_t> StartChild(const std::vector<std::string>& command, const ChildOptions& options) {
  const passwd* user = options.user.empty() ? nullptr : ::getpwnam(options.user.c_str());
  if (!options.user.empty() && user == nullptr) return absl::NotFoundError(fmt::format("user {}", options.user));
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  for (const std::string& entry : options.env) environment.push_back(const_cast<char*>(entry.c_str()));
  environment.push_back(nullptr);
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) BecomeChild(arguments.data(), environment.data(), options, user, pipe[1], parent);
  ::close(pipe[1]);
  int error = 0;
  const ssize_t failed = pid < 0 ? 0 : ::read(pipe[0], &error, sizeof error);
  ::close(pipe[0]);
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  if (failed > 0) {
    ::waitpid(pid, nullptr, 0);
    return absl::NotFoundError(fmt::format("{}: {}", command[0], std::strerror(error)));
  }
  return pid;
}

absl::StatusOr<int> RunChild(const std::vector<std::string>& command, const ChildOptions& options) {
  auto pid = StartChild(command, options);
  if (!pid.ok()) return pid.status();
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ExitCode(status);
}

void EndChild(pid_t& pid, int signal) {
  if (pid <= 0) return;
  ::kill(pid, signal);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  pid = -1;
}

std::string FindProgram(const std::string& name, const std::vector<std::string>& folders) {
  std::vector<std::string> all = folders;
  std::string path = std::getenv("PATH") == nullptr ? "/usr/bin:/bin" : std::getenv("PATH");
  for (size_t begin = 0; begin <= path.size();) {
    const size_t colon = std::min(path.find(':', begin), path.size());
    if (colon > begin) all.push_back(path.substr(begin, colon - begin));
    begin = colon + 1;
  }
  for (const std::string& folder : all) {
    std::string candidate = folder + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

absl::Status GiveFolder(const std::string& path, const std::string& user) {
  if (user.empty()) return absl::OkStatus();
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) return absl::NotFoundError(fmt::format("user {}", user));
  if (::chown(path.c_str(), entry->pw_uid, entry->pw_gid) != 0) return absl::ErrnoToStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace hoop::cli

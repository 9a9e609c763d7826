#include "agent/warden/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "agent/warden/messages.h"
#include "agent/warden/process_tree.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/clock.h"

namespace hoop {
namespace {

constexpr absl::Duration kKillPause = absl::Milliseconds(20);  // between two rounds of KILL, for what forks meanwhile

bool IsProgram(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// The file that `name` means, as a shell would find it; nullopt: nowhere in PATH.
std::optional<std::string> FindProgram(const std::string& name, std::string_view path) {
  if (name.find('/') != std::string::npos) return name;
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
    std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (IsProgram(candidate)) return candidate;
  }
  return std::nullopt;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Secrets must not end in a core file, and what works with select() breaks above 1024 descriptors: the agent's own
// generous limit is not for its commands.
void SetLimits() {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, limits::kCommandDescriptorsMax);
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
}

// A command begins with what a login shell would give it, whatever the host program had changed.
void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

absl::Duration Now() { return Clock::System().Monotonic(); }

}  // namespace

Keeper::Keeper(Descriptor socket, Descriptor launch, int folder, pid_t warden)
    : folder_(folder), warden_(warden), socket_(std::move(socket)), launch_file_(std::move(launch)) {}

void Keeper::Run() {
  if (absl::Status status = Prepare(); status.ok()) {
    Start();
  } else {
    Report({KeeperReport::Kind::kFailed, 0, StatusText(status)});
  }
  launch_ = Launch();  // the command has its secrets; nobody needs them here any more
  Keep();
}

absl::Status Keeper::Prepare() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return ErrnoStatus(errno, "adopt the command's processes");
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return ErrnoStatus(errno, "watch the warden");
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  sigaddset(&watched, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_ = Descriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open()) return ErrnoStatus(errno, "watch the command");
  if (::getppid() != warden_) return Unavailable("the warden is gone");

  HOOP_ASSIGN_OR_RETURN(const std::string bytes, ReadMemoryFile(launch_file_, limits::kLaunchBytesMax));
  launch_file_.Reset();
  HOOP_ASSIGN_OR_RETURN(launch_, DecodeLaunch(bytes));
  return WriteSecretFiles();
}

absl::Status Keeper::WriteSecretFiles() {
  for (const Launch::SecretFile& file : launch_.files) {
    secret_names_.push_back(file.name);
    const Descriptor target(
        ::openat(folder_, file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!target.is_open()) return ErrnoStatus(errno, "make a secret file");
    std::string_view left = file.content;
    while (!left.empty()) {
      const ssize_t written = ::write(target.get(), left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return ErrnoStatus(errno, "write a secret file");
      left.remove_prefix(static_cast<size_t>(written));
    }
  }
  return absl::OkStatus();
}

void Keeper::Start() {
  const std::optional<std::string> path = FindProgram(launch_.arguments[0], launch_.Variable("PATH"));
  if (!path) {
    Report({KeeperReport::Kind::kNotFound, 0, launch_.arguments[0]});
    return;
  }
  const KeeperReport report = StartProgram(*path);
  if (report.kind != KeeperReport::Kind::kStarted) Report(report);
}

KeeperReport Keeper::StartProgram(const std::string& path) {
  const auto failed = [&path](int error) {
    std::string why = std::strerror(error);
    why[0] = static_cast<char>(::tolower(why[0]));
    return KeeperReport{KeeperReport::Kind::kFailed, error, fmt::format("fork/exec {}: {}", path, why)};
  };
  absl::StatusOr<CommandIo> io = launch_.terminal ? MakeTerminal(*launch_.terminal) : MakePipes();
  if (!io.ok()) return {KeeperReport::Kind::kFailed, 0, StatusText(io.status())};
  absl::StatusOr<DescriptorPair> failure = MakePipe();
  if (!failure.ok()) return failed(EMFILE);

  const pid_t keeper = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return failed(errno);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(1);
    BecomeCommand(path, *io, failure->second.get());
  }
  command_ = child;
  has_children_ = true;

  // The pipe closes by itself when the program begins; else it says why it could not.
  failure->second.Reset();
  int why = 0;
  ssize_t count = 0;
  do {
    count = ::read(failure->first.get(), &why, sizeof(why));
  } while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof(why))) {
    command_ = 0;
    return failed(why);
  }
  Report({KeeperReport::Kind::kStarted, child, ""},
         {io->near_input.get(), io->near_output.get(), io->near_other.get()});
  return {KeeperReport::Kind::kStarted, child, ""};
}

void Keeper::BecomeCommand(const std::string& path, const CommandIo& io, int failure) {
  ::setsid();
  SetLimits();
  ResetSignals();
  std::vector<char*> arguments = Pointers(launch_.arguments);
  std::vector<char*> environment = Pointers(launch_.environment);
  // All of them are above 2 here: the warden keeps 0 to 2 open.
  const bool connected =
      ::dup2(io.input.get(), 0) == 0 && ::dup2(io.output.get(), 1) == 1 && ::dup2(io.error.get(), 2) == 2;
  if (connected && (!io.is_terminal || BecomeControllingTerminal())) {
    ::execve(path.c_str(), arguments.data(), environment.data());
  }
  const int why = errno;
  [[maybe_unused]] const ssize_t written = ::write(failure, &why, sizeof(why));
  ::_exit(127);
}

void Keeper::Keep() {
  if (command_ == 0) BeginEnd();
  while (true) {
    Reap();
    if (command_ == 0) BeginEnd();
    if (ending_ && !has_children_) break;
    if (ending_ && Now() >= give_up_at_) break;  // a process in the kernel's hands, or of another user
    if (ending_ && Now() >= kill_at_) KillAll();
    pollfd watched[] = {{signals_.get(), POLLIN, 0}, {agent_left_ ? -1 : socket_.get(), POLLIN, 0}};
    if (::poll(watched, 2, PollTimeout()) < 0 && errno != EINTR) break;
    if (watched[0].revents != 0) OnSignals();
    if (watched[1].revents != 0 && ReceiveMessage(socket_).kind == Message::Kind::kEnd) {
      agent_left_ = true;
      BeginEnd();
    }
  }
  RemoveSecretFiles();
}

void Keeper::OnSignals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
    if (signal.ssi_signo == SIGTERM) BeginEnd();
  }
}

void Keeper::Reap() {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended < 0 && errno == EINTR) continue;
    has_children_ = ended >= 0;
    if (ended <= 0) return;
    if (ended != command_) continue;
    command_ = 0;
    Report({KeeperReport::Kind::kExited, status, ""});
  }
}

void Keeper::BeginEnd() {
  if (std::exchange(ending_, true)) return;
  kill_at_ = Now() + limits::kTerminateGraceTime;
  give_up_at_ = kill_at_ + limits::kKillTimeMax;
  for (const pid_t process : Descendants(::getpid())) {
    ::kill(process, SIGTERM);
    ::kill(process, SIGCONT);  // a stopped process would not notice
  }
}

void Keeper::KillAll() {
  for (const pid_t process : Descendants(::getpid())) ::kill(process, SIGKILL);
}

int Keeper::PollTimeout() const {
  if (!ending_) return -1;
  const absl::Duration left = kill_at_ - Now();
  return static_cast<int>(absl::ToInt64Milliseconds(std::max(left, kKillPause)));
}

void Keeper::RemoveSecretFiles() {
  for (const std::string& name : secret_names_) ::unlinkat(folder_, name.c_str(), 0);
}

void Keeper::Report(const KeeperReport& report, std::initializer_list<int> descriptors) {
  // The agent may be gone: its end of the socket says so to Keep().
  SendMessage(socket_, EncodeReport(report), descriptors);
}

}  // namespace hoop

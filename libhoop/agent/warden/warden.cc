#include "agent/warden/warden.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/warden/keeper.h"
#include "agent/warden/launch.h"
#include "agent/warden/process_tree.h"
#include "agent/warden/secret_folder.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/agent.h"

namespace hoop {
namespace {

constexpr int kStrayPauseMilliseconds = 20;  // between two rounds of KILL, for what forks meanwhile

}  // namespace

absl::Status Warden::Run() {
  HOOP_RETURN_IF_ERROR(Prepare());
  while (!agent_gone_ || !keepers_.empty() || has_strays_) {
    pollfd watched[] = {{signals_.get(), POLLIN, 0}, {agent_gone_ ? -1 : agent_.get(), POLLIN, 0}};
    if (::poll(watched, 2, has_strays_ ? kStrayPauseMilliseconds : -1) < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "wait for the agent");
    }
    if (watched[0].revents != 0) {
      signalfd_siginfo signal{};
      while (::read(signals_.get(), &signal, sizeof(signal)) > 0) {
      }
    }
    Reap();
    if (has_strays_) KillStrays();
    if (watched[1].revents != 0) OnMessages();
  }
  if (folder_.is_open()) RemoveSecretFolder(folder_path_, folder_);
  return absl::OkStatus();
}

absl::Status Warden::Prepare() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return ErrnoStatus(errno, "adopt the commands' processes");
  // A service manager may signal every process of the agent: it is the socket's end that ends the warden.
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &watched, nullptr);
  signals_ = Descriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open()) return ErrnoStatus(errno, "watch the keepers");
  return absl::OkStatus();
}

void Warden::OnMessages() {
  while (true) {
    Message message = ReceiveMessage(agent_);
    if (message.kind == Message::Kind::kNone) return;
    if (message.kind == Message::Kind::kEnd) return OnAgentGone();
    OnMessage(std::move(message));
  }
}

void Warden::OnMessage(Message message) {
  const char what = message.bytes[0];
  if (what == kWardenHello && message.descriptors.size() == 1) {
    folder_path_ = message.bytes.substr(1);
    folder_ = std::move(message.descriptors[0]);
  } else if (what == kWardenLaunch && message.descriptors.size() == 2 && folder_.is_open()) {
    Launch(std::move(message.descriptors[0]), std::move(message.descriptors[1]));
  }
  // Else descriptors were lost for want of free ones: they close here, which the agent sees as the command's end.
}

void Warden::Launch(Descriptor socket, Descriptor launch) {
  const pid_t warden = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    agent_.Reset();
    signals_.Reset();
    // TERM is how a keeper learns that it must end; the warden itself does not listen to it.
    ::signal(SIGTERM, SIG_DFL);
    Keeper(std::move(socket), std::move(launch), folder_.get(), warden).Run();
    ::_exit(0);
  }
  if (child > 0) {
    keepers_.insert(child);
    return;
  }
  const std::string why = StatusText(ErrnoStatus(errno, "fork"));
  SendMessage(socket, EncodeReport({KeeperReport::Kind::kFailed, 0, why}));
}

void Warden::Reap() {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended < 0 && errno == EINTR) continue;
    if (ended <= 0) return;
    if (keepers_.erase(ended) > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) has_strays_ = true;
  }
}

void Warden::KillStrays() {
  has_strays_ = false;
  for (const pid_t child : Children(::getpid())) {
    if (keepers_.contains(child)) continue;
    has_strays_ = true;
    for (const pid_t process : Descendants(child)) ::kill(process, SIGKILL);
    ::kill(child, SIGKILL);
  }
}

void Warden::OnAgentGone() {
  agent_gone_ = true;
  for (const pid_t keeper : keepers_) ::kill(keeper, SIGTERM);
}

int RunWarden() {
  // Nothing of the host program but the socket and the three standard descriptors is for us or for commands.
  ::close_range(3, ~0U, 0);
  Descriptor agent(::fcntl(0, F_DUPFD_CLOEXEC, 3));
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (!agent.is_open() || nothing < 0) return 1;
  ::dup2(nothing, 0);
  ::dup2(nothing, 1);
  ::close(nothing);
  return Warden(std::move(agent)).Run().ok() ? 0 : 1;
}

}  // namespace hoop

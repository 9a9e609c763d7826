#include "agent/warden/warden_link.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

// What the agent keeps of one keeper until its socket ends, which may be later than its Command.
class WardenLink::Keepership final {
 public:
  Keepership(WardenLink& link, uint64_t number, Descriptor socket, const Launch& launch, Command::Events& events)
      : link_(link), number_(number), socket_(std::move(socket)), events_(&events) {
    for (const Launch::SecretFile& file : launch.files) secret_names_.push_back(file.name);
    watch_ = link_.loop_.WatchDescriptor(
        socket_.get(), [this] { OnReadable(); }, nullptr);
    watch_->WantRead();
  }

  // The keeper removes its files; one that was killed could not.
  ~Keepership() {
    for (const std::string& name : secret_names_) ::unlinkat(link_.folder_.descriptor().get(), name.c_str(), 0);
  }

  // Nobody listens any more: the keeper ends its command when it sees this end shut.
  void Leave() {
    events_ = nullptr;
    ::shutdown(socket_.get(), SHUT_WR);
  }

  void OnWardenGone() {
    Command::Events* events = std::exchange(events_, nullptr);
    if (events != nullptr) events->OnGone(Unavailable("the warden of this agent ended"));
  }

 private:
  void OnReadable() {
    while (true) {
      Message message = ReceiveMessage(socket_);
      if (message.kind == Message::Kind::kNone) return watch_->WantRead();
      if (message.kind == Message::Kind::kEnd) return OnEnd();
      OnReport(std::move(message));
    }
  }

  void OnReport(Message message) {
    const absl::StatusOr<KeeperReport> report = DecodeReport(message.bytes);
    if (!report.ok() || events_ == nullptr) return;
    switch (report->kind) {
      case KeeperReport::Kind::kStarted:
        return OnStarted(std::move(message.descriptors));
      case KeeperReport::Kind::kNotFound:
        return NotStarted(NotFound("{}", report->text));
      case KeeperReport::Kind::kFailed:
        return NotStarted(Unavailable("{}", report->text));
      case KeeperReport::Kind::kExited:
        exited_ = true;
        return events_->OnExited(report->status);
    }
  }

  void OnStarted(std::vector<Descriptor> pipes) {
    bool usable = pipes.size() == 3;  // the kernel drops what this process has no free descriptors for
    for (const Descriptor& pipe : pipes) usable = usable && SetNonBlocking(pipe).ok();
    if (!usable) return NotStarted(ResourceExhausted("no free descriptor for the command's output"));
    events_->OnStarted(std::move(pipes[0]), std::move(pipes[1]), std::move(pipes[2]));
  }

  void NotStarted(const absl::Status& why) {
    Command::Events* events = std::exchange(events_, nullptr);
    Leave();
    events->OnNotStarted(why);
  }

  void OnEnd() {
    Command::Events* events = std::exchange(events_, nullptr);
    const bool exited = exited_;
    link_.Remove(number_);
    if (events == nullptr) return;
    events->OnGone(exited ? absl::OkStatus() : Unavailable("the keeper of the command ended"));
  }

  WardenLink& link_;
  const uint64_t number_;
  const Descriptor socket_;
  Command::Events* events_;  // null: the Command was destroyed, or has nothing to say any more
  std::vector<std::string> secret_names_;
  bool exited_ = false;
  std::unique_ptr<Watch> watch_;
};

class WardenLink::Handle final : public Command {
 public:
  Handle(WardenLink& link, uint64_t number) : link_(link), number_(number) {}
  ~Handle() override {
    auto keeper = link_.keepers_.find(number_);
    if (keeper != link_.keepers_.end()) keeper->second->Leave();
  }

 private:
  WardenLink& link_;
  const uint64_t number_;
};

WardenLink::WardenLink(EventLoop& loop, std::vector<std::string> command, SecretFolder& folder, Log log)
    : loop_(loop), command_(std::move(command)), folder_(folder), log_(log) {}

WardenLink::~WardenLink() {
  if (pid_ == 0) return;
  watch_.reset();
  keepers_.clear();
  socket_.Reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<std::unique_ptr<Command>> WardenLink::Run(const Launch& launch, Command::Events& events) {
  HOOP_RETURN_IF_ERROR(EnsureStarted());
  if (waiting_.size() >= limits::kLaunchesWaitingMax) return ResourceExhausted("the warden is busy, try again");
  const std::string bytes = EncodeLaunch(launch);
  if (bytes.size() > limits::kLaunchBytesMax) {
    return ResourceExhausted("arguments, environment and secret files have {} bytes, more than {}", bytes.size(),
                             limits::kLaunchBytesMax);
  }
  HOOP_ASSIGN_OR_RETURN(Descriptor file, MakeMemoryFile(bytes));
  HOOP_ASSIGN_OR_RETURN(DescriptorPair sockets, MakeSocketPair());
  waiting_.push_back({std::move(sockets.second), std::move(file)});
  const uint64_t number = ++last_number_;
  keepers_.emplace(number, std::make_unique<Keepership>(*this, number, std::move(sockets.first), launch, events));
  SendWaiting();
  return std::make_unique<Handle>(*this, number);
}

void WardenLink::WhenIdle(absl::AnyInvocable<void()> done) {
  if (keepers_.empty()) return done();
  idle_ = std::move(done);
}

absl::Status WardenLink::EnsureStarted() {
  if (pid_ != 0) return absl::OkStatus();
  return Annotate(StartWarden(), "start the warden");
}

absl::Status WardenLink::StartWarden() {
  if (command_.empty()) return FailedPrecondition("no program is named for it");
  HOOP_ASSIGN_OR_RETURN(DescriptorPair sockets, MakeSocketPair());
  std::vector<std::string> texts = command_;
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  char* const environment[] = {nullptr};  // the agent's own holds its key

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, sockets.second.get(), 0);
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  // A session of its own: Ctrl-C at the agent's terminal ends the agent in order, not the warden before it.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, command_[0].c_str(), &actions, &attributes, arguments.data(), environment);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, command_[0]);

  pid_ = pid;
  socket_ = std::move(sockets.first);
  SendMessage(socket_, kWardenHello + folder_.path(), {folder_.descriptor().get()});
  watch_ = loop_.WatchDescriptor(
      socket_.get(), [this] { OnWardenReadable(); }, [this] { SendWaiting(); });
  watch_->WantRead();
  log_.Debug("warden started", "pid", pid_);
  return absl::OkStatus();
}

void WardenLink::SendWaiting() {
  while (!waiting_.empty()) {
    const Waiting& next = waiting_.front();
    const Sent sent = SendMessage(socket_, std::string_view(&kWardenLaunch, 1), {next.socket.get(), next.launch.get()});
    if (sent == Sent::kFull) return watch_->WantWrite();
    if (sent == Sent::kGone) return;  // OnWardenReadable says so
    waiting_.pop_front();
  }
}

void WardenLink::OnWardenReadable() {
  // It has nothing to say but its end.
  if (ReceiveMessage(socket_).kind == Message::Kind::kEnd) return OnWardenGone();
  watch_->WantRead();
}

void WardenLink::OnWardenGone() {
  log_.Error("warden ended", "pid", pid_, "consequence", "its sessions end, the next command starts a new one");
  watch_.reset();
  socket_.Reset();
  waiting_.clear();
  ::kill(pid_, SIGKILL);  // it holds no socket any more, so it ends anyway: do not wait for it longer than needed
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  // Call-backs destroy Commands, never keeperships: those end with their sockets.
  for (const auto& [number, keeper] : keepers_) keeper->OnWardenGone();
}

void WardenLink::Remove(uint64_t number) {
  auto found = keepers_.find(number);
  HOOP_CHECK(found != keepers_.end());
  loop_.DestroyLater(std::move(found->second));
  keepers_.erase(found);
  if (keepers_.empty() && idle_) std::exchange(idle_, nullptr)();
}

}  // namespace hoop

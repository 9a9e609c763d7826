// A loop on a thread, a warden and a temporary folder: the ground of the agent's tests.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "agent/warden/warden_link.h"
#include "net/event_loop.h"

namespace hoop {

inline constexpr absl::Duration kTestPatience = absl::Seconds(30);  // then a test has failed

// The hidden mode of the test program: an agent with one command, until somebody kills it.
int RunDoomedAgent(const std::string& runtime_dir, const std::string& script);

class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/hoop-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::vector<std::string> List() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) names.push_back(entry.path());
    return names;
  }

 private:
  std::string path_;
};

// What happened to one command, as the test's thread may look at it.
class CommandWatch final : public Command::Events {
 public:
  void OnStarted(Descriptor in, Descriptor out, Descriptor err) override {
    absl::MutexLock lock(&mu_);
    input = std::move(in), output = std::move(out), error = std::move(err);
    started = true;
  }
  void OnNotStarted(const absl::Status& why) override {
    absl::MutexLock lock(&mu_);
    not_started = why;
  }
  void OnExited(int status) override {
    absl::MutexLock lock(&mu_);
    exited = status;
  }
  void OnGone(const absl::Status& status) override {
    absl::MutexLock lock(&mu_);
    gone = status;
  }
  bool WaitFor(const std::function<bool()>& happened) {
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&happened, &std::function<bool()>::operator()), kTestPatience);
  }
  bool WaitForStart() {
    return WaitFor([this] { return started || not_started; }) && started;
  }
  bool WaitForGone() {
    return WaitFor([this] { return gone.has_value(); });
  }

  Descriptor input, output, error;
  bool started = false;
  std::optional<absl::Status> not_started, gone;
  std::optional<int> exited;

 private:
  absl::Mutex mu_;
};

// Reads a descriptor to its end, or until `bytes_wanted` are there.
inline std::string ReadAll(int descriptor, size_t bytes_wanted = SIZE_MAX) {
  std::string result;
  char bytes[65536];
  while (result.size() < bytes_wanted) {
    pollfd watched{descriptor, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(kTestPatience))) <= 0) break;
    const ssize_t count = ::read(descriptor, bytes, std::min(sizeof(bytes), bytes_wanted - result.size()));
    if (count <= 0) break;
    result.append(bytes, static_cast<size_t>(count));
  }
  return result;
}

class WardenFixture {
 public:
  WardenFixture() : WardenFixture({"/proc/self/exe", "warden"}) {}
  explicit WardenFixture(std::vector<std::string> command)
      : folder(*SecretFolder::Create(runtime.path())), link(loop, std::move(command), *folder, Log()) {
    thread = std::make_unique<LoopThread>(loop, "test-loop");
  }
  ~WardenFixture() { thread.reset(); }

  void OnLoop(absl::AnyInvocable<void()> task) {
    absl::Notification done;
    loop.Post([&task, &done] {
      task();
      done.Notify();
    });
    done.WaitForNotification();
  }
  absl::StatusOr<std::unique_ptr<Command>> Run(const Launch& launch, CommandWatch& watch) {
    absl::StatusOr<std::unique_ptr<Command>> command;
    OnLoop([&] { command = link.Run(launch, watch); });
    return command;
  }
  // No process of any command is left.
  void Drop(std::unique_ptr<Command> command) {
    OnLoop([&command] { command.reset(); });
    absl::Notification idle;
    loop.Post([this, &idle] { link.WhenIdle([&idle] { idle.Notify(); }); });
    idle.WaitForNotificationWithTimeout(kTestPatience);
  }

  TempFolder runtime;
  EventLoop loop{Clock::System()};
  std::unique_ptr<SecretFolder> folder;
  WardenLink link;
  std::unique_ptr<LoopThread> thread;
};

inline Launch Shell(std::string script) {
  return {.arguments = {"sh", "-c", std::move(script)}, .environment = {"PATH=/usr/bin:/bin"}};
}

}  // namespace hoop

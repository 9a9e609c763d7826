// The agent's end of the warden: starts it, hands it commands, tells who asked how they fare. Used by the
// connectors that run commands; the other end is warden.cc and, for each command, keeper.cc.
#pragma once

#include <sys/types.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/warden/launch.h"
#include "agent/warden/messages.h"
#include "agent/warden/secret_folder.h"
#include "base/log.h"
#include "net/event_loop.h"

namespace hoop {

// A command that was asked for. Owned by who asked; destroying it ends the command and all its descendants (TERM,
// then KILL), without waiting; no call-back comes afterwards. Loop thread only.
class Command {
 public:
  // Outlives the Command. Each call may destroy it.
  class Events {
   public:
    virtual ~Events() = default;
    // The near ends of what it reads and writes, non-blocking, to be closed by the receiver. `other` is its error
    // output; of a terminal, where all output is one, it is what sets the size (SetTerminalSize).
    virtual void OnStarted(Descriptor input, Descriptor output, Descriptor other) = 0;
    // It could not be started; nothing follows. NotFound: no such program in PATH; the text is its name.
    virtual void OnNotStarted(const absl::Status& why) = 0;
    virtual void OnExited(int wait_status) = 0;
    // No process of it is left; nothing follows. Unavailable: warden or keeper died, its exit may be unknown.
    virtual void OnGone(const absl::Status& status) = 0;
  };
  virtual ~Command() = default;
};

// Owned by the agent, outlives every Command. Loop thread only, but for construction. A warden that died is replaced
// by a new one at the next command.
class WardenLink final {
 public:
  // `command`: the program that calls RunWarden(), with its arguments.
  WardenLink(EventLoop& loop, std::vector<std::string> command, SecretFolder& folder, Log log);
  ~WardenLink();  // lets the warden end by itself, waits for it

  // Unavailable: the warden cannot be started. ResourceExhausted: no descriptor, or too large a launch.
  absl::StatusOr<std::unique_ptr<Command>> Run(const Launch& launch, Command::Events& events);

  // A name for Launch::SecretFile, and the path under which the command finds it.
  std::string NewFileName() const { return folder_.NewFileName(); }
  std::string PathOf(const std::string& file_name) const { return folder_.path() + "/" + file_name; }

  // Calls `done` once no process of any command is left.
  void WhenIdle(absl::AnyInvocable<void()> done);

 private:
  class Keepership;  // one keeper's socket
  class Handle;      // the Command given out

  absl::Status EnsureStarted();
  absl::Status StartWarden();
  void SendWaiting();
  void OnWardenReadable();
  void OnWardenGone();
  void Remove(uint64_t number);

  EventLoop& loop_;
  const std::vector<std::string> command_;
  SecretFolder& folder_;
  const Log log_;

  struct Waiting {
    Descriptor socket;
    Descriptor launch;
  };
  pid_t pid_ = 0;
  Descriptor socket_;
  std::unique_ptr<Watch> watch_;
  std::deque<Waiting> waiting_;  // for room in the warden's socket
  std::map<uint64_t, std::unique_ptr<Keepership>> keepers_;
  uint64_t last_number_ = 0;
  absl::AnyInvocable<void()> idle_;
};

}  // namespace hoop

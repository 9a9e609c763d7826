// The warden's loop: a small single-threaded process between the agent and its commands. RunWarden() (hoop/agent.h)
// runs it on standard input; it forks a Keeper for each command and takes care of what a killed keeper leaves behind.
#pragma once

#include <sys/types.h>

#include <set>
#include <string>

#include "absl/status/status.h"
#include "agent/warden/messages.h"

namespace hoop {

// Lives as long as its process; one thread. Ends when the agent's end of the socket closes, whatever the cause: then
// all keepers end their commands, and the secret folder goes.
class Warden final {
 public:
  explicit Warden(Descriptor agent) : agent_(std::move(agent)) {}

  absl::Status Run();

 private:
  absl::Status Prepare();
  void OnMessages();
  void OnMessage(Message message);
  void Launch(Descriptor socket, Descriptor launch);
  void Reap();
  void KillStrays();
  void OnAgentGone();

  Descriptor agent_;
  Descriptor signals_;
  std::string folder_path_;
  Descriptor folder_;
  std::set<pid_t> keepers_;
  bool has_strays_ = false;  // a keeper was killed: its command's processes may be ours now
  bool agent_gone_ = false;
};

}  // namespace hoop

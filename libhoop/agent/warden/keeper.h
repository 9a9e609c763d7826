// The process that keeps one command: starts it in a session of its own, adopts whatever it leaves behind, and ends
// all of it. Forked by the warden for each launch; talks to the agent over a socket of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/warden/command_io.h"
#include "agent/warden/launch.h"
#include "net/descriptor.h"

namespace hoop {

// One command and all its descendants. Lives in a process and thread of its own, which ends with it. The agent's end
// of `socket` closing, SIGTERM, the warden's death and the command's own end have the same consequence: TERM to
// whatever still runs, KILL after limits::kTerminateGraceTime, secret files away.
class Keeper final {
 public:
  // `folder` is the secret folder. The warden's death between fork and this line is noticed by `warden` not being
  // the parent any more.
  Keeper(Descriptor socket, Descriptor launch, int folder, pid_t warden);

  // Returns when nothing is left of the command.
  void Run();

 private:
  absl::Status Prepare();
  absl::Status WriteSecretFiles();
  void RemoveSecretFiles();
  void Start();
  KeeperReport StartProgram(const std::string& path);
  [[noreturn]] void BecomeCommand(const std::string& path, const CommandIo& io, int failure);

  void Keep();
  void OnSignals();
  void Reap();
  void BeginEnd();
  void KillAll();
  int PollTimeout() const;
  void Report(const KeeperReport& report, std::initializer_list<int> descriptors = {});

  const int folder_;
  const pid_t warden_;
  Descriptor socket_;
  Descriptor launch_file_;
  Descriptor signals_;
  Launch launch_;
  std::vector<std::string> secret_names_;  // the files to remove
  pid_t command_ = 0;
  bool has_children_ = false;
  bool agent_left_ = false;
  bool ending_ = false;
  absl::Duration kill_at_;     // valid while ending
  absl::Duration give_up_at_;  // valid while ending
};

}  // namespace hoop

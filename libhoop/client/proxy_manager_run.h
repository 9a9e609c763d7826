// The desktop app's background process: waits at the gateway until somebody orders a session by REST, serves it on the
// port that was asked for, and comes back for the next one. Made and run by Client::ProxyManager.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "client/connect_run.h"

namespace hoop {

// Owned by who runs the loop; loop thread; destroyed when the loop turns no more. A ConnectRun for each stream.
class ProxyManagerRun final {
 public:
  using MakeListen = absl::AnyInvocable<ConnectRun::ListenFunction()>;
  using Done = absl::AnyInvocable<void(const absl::Status&)>;

  // `plan` is an ordered one. `done` is called once: Cancelled, or why there is no use in trying again.
  ProxyManagerRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, MakeListen listen, ClientEvents& events,
                  Done done);

  void Start() { Wait(); }
  void Cancel();

 private:
  void Wait();
  void OnStreamOver(const absl::Status& status);

  Loop& loop_;
  GatewayDialer& dialer_;
  const SessionPlan plan_;
  MakeListen listen_;
  ClientEvents& events_;
  Done done_;
  std::unique_ptr<ConnectRun> run_;
  absl::Duration back_off_ = absl::ZeroDuration();
  std::unique_ptr<Timer> pause_;
};

}  // namespace hoop

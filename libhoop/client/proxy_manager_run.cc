#include "client/proxy_manager_run.h"

#include <algorithm>
#include <utility>

#include "base/limits/agent.h"
#include "base/status.h"

namespace hoop {
namespace {

// The stream did what it was for, or the gateway wants this process to come back for a new order.
bool ComesBackAtOnce(const absl::Status& status) {
  return status.ok() || absl::IsCancelled(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

}  // namespace

ProxyManagerRun::ProxyManagerRun(Loop& loop, GatewayDialer& dialer, SessionPlan plan, MakeListen listen,
                                 ClientEvents& events, Done done)
    : loop_(loop),
      dialer_(dialer),
      plan_(std::move(plan)),
      listen_(std::move(listen)),
      events_(events),
      done_(std::move(done)) {}

void ProxyManagerRun::Wait() {
  run_ = std::make_unique<ConnectRun>(
      loop_, dialer_, plan_, ListenOptions(),
      ConnectRun::Ports{.listen = listen_(), .terminal = nullptr, .events = events_},
      [this](const absl::StatusOr<SessionResult>& result) { OnStreamOver(result.status()); });
  run_->Start();
}

void ProxyManagerRun::OnStreamOver(const absl::Status& status) {
  loop_.DestroyLater(std::move(run_));
  if (done_ == nullptr) return;
  if (absl::IsUnauthenticated(status)) return std::exchange(done_, nullptr)(status);
  if (ComesBackAtOnce(status)) {
    back_off_ = absl::ZeroDuration();
  } else {
    back_off_ = std::clamp(2 * back_off_, limits::kReconnectBackoffMin, limits::kReconnectBackoffMax);
    events_.OnEvent({.kind = ClientEvent::Kind::kDisconnected,
                     .message = fmt::format("not at the gateway ({}), trying again", StatusText(status)),
                     .data = {{"error", StatusText(status)}}});
  }
  pause_ = loop_.After(back_off_, [this] { Wait(); });
}

void ProxyManagerRun::Cancel() {
  pause_.reset();
  Done done = std::exchange(done_, nullptr);
  if (run_ != nullptr) run_->Cancel();
  if (done != nullptr) done(Cancelled("cancelled"));
}

}  // namespace hoop

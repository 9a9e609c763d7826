#include "agent/dial_loop.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "wire/machine_headers.h"

namespace hoop {

DialLoop::DialLoop(AgentContext& context, GatewayDialer& dialer, Settings settings,
                   absl::AnyInvocable<void(const absl::Status&)> on_change)
    : context_(context), dialer_(dialer), settings_(std::move(settings)), on_change_(std::move(on_change)) {}

DialLoop::~DialLoop() = default;

void DialLoop::Retire() {
  stopped_ = true;
  dialing_.reset();
  pause_.reset();
}

void DialLoop::Stop(std::string_view reason) {
  Retire();
  if (link_ != nullptr) link_->CloseSessions(reason);
}

void DialLoop::DialNow() {
  pause_.reset();
  dialing_ = dialer_.DialGateway(
      [this](absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) { OnDialled(std::move(channel)); });
}

void DialLoop::OnDialled(absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) {
  if (stopped_) return;
  if (!channel.ok()) return Lose(channel.status(), "not connected to the gateway");
  channel_ = *std::move(channel);
  const Metadata capabilities{{std::string(header::kCapabilities), FormatCapabilities(kAllCapabilities)}};
  link_ = std::make_unique<GatewayLink>(context_, OpenStream(capabilities), *this);
}

Metadata DialLoop::AgentHeaders() const {
  Metadata headers;
  headers.Add(std::string(header::kAuthorization), "Bearer " + settings_.bearer);
  headers.Add(std::string(header::kOrigin), "agent");
  AddMachineHeaders(headers, settings_.version);
  return headers;
}

std::unique_ptr<PacketStream> DialLoop::OpenStream(const Metadata& headers) {
  Metadata all = AgentHeaders();
  for (const auto& [name, value] : headers.entries()) all.Add(name, value);
  return channel_->OpenStream(std::move(all));
}

void DialLoop::OnConnected(Capabilities capabilities) {
  if (capabilities.ping) channel_->SetPingInterval(limits::kPingInterval);
  connected_at_ = context_.loop.Monotonic();
  on_change_(absl::OkStatus());  // before the log: who reads the line may ask at once
  context_.log.Info("connected to the gateway", "address", settings_.dsn.address, "capabilities",
                    FormatCapabilities(capabilities));
}

void DialLoop::OnLinkEnd(const absl::Status& status) {
  // Inside a call-back of both.
  context_.loop.DestroyLater(std::move(link_));
  context_.loop.DestroyLater(std::move(channel_));
  if (stopped_) on_change_(Cancelled("the agent was stopped"));
  if (stopped_) return context_.log.Debug("gateway connection ended", "reason", StatusText(status));
  const bool is_refusal =
      absl::IsUnauthenticated(status) || absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status);
  Lose(status.ok() ? Unavailable("the gateway ended the stream") : status,
       is_refusal ? "the gateway refused this agent" : "not connected to the gateway");
}

void DialLoop::Lose(const absl::Status& status, std::string_view event) {
  if (connected_at_ && context_.loop.Monotonic() - *connected_at_ > limits::kReconnectResetTime) failures_ = 0;
  connected_at_.reset();
  on_change_(status);
  const absl::Duration pause = NextPause();
  context_.log.Warning(event, "address", settings_.dsn.address, "code", absl::StatusCodeToString(status.code()),
                       "reason", StatusText(status), "retry_in",
                       absl::FormatDuration(absl::Trunc(pause, absl::Milliseconds(1))));
  pause_ = context_.loop.After(pause, [this] { DialNow(); });
}

// Between half of the step and all of it, so that the agents of a restarted gateway do not come back as one.
absl::Duration DialLoop::NextPause() {
  const absl::Duration step =
      std::min(limits::kReconnectBackoffMax, limits::kReconnectBackoffMin * (1 << std::min(failures_++, 10)));
  uint32_t random = 0;
  RandomBytes(&random, sizeof(random));
  return step / 2 + step / 2 * (static_cast<double>(random) / UINT32_MAX);
}

}  // namespace hoop

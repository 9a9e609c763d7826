#include "agent/dial_loop.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "wire/machine_headers.h"

namespace hoop {
namespace {

constexpr std::string_view kNotConnected = "not connected to the gateway";
constexpr std::string_view kRefused = "the gateway refused this agent";
constexpr std::string_view kBadKey =
    "the gateway refused this agent: is the key (HOOP_KEY) the right one, of this gateway? `hoop admin create agent "
    "NAME` prints one";

bool IsRefusal(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) ||
         absl::IsInvalidArgument(status);
}

std::string_view EventOf(const absl::Status& status) {
  if (absl::IsUnauthenticated(status)) return kBadKey;
  return IsRefusal(status) ? kRefused : kNotConnected;
}

}  // namespace

DialLoop::DialLoop(AgentContext& context, GatewayDialer& dialer, Settings settings,
                   absl::AnyInvocable<void(const absl::Status&)> on_change)
    : context_(context), dialer_(dialer), settings_(std::move(settings)), on_change_(std::move(on_change)) {}

DialLoop::~DialLoop() = default;

void DialLoop::Retire() {
  stopped_ = true;
  dialing_.reset();
  pause_.reset();
  rest_poll_.reset();
  if (poll_ != nullptr) channel_.reset();  // with it goes the question that waits for its answer
  poll_.reset();
}

void DialLoop::Stop(std::string_view reason) {
  Retire();
  if (link_ != nullptr) link_->CloseSessions(reason);
}

void DialLoop::Next() {
  pause_.reset();
  if (asks_rest_) return AskByRest();
  DialNow(dialer_);
}

void DialLoop::DialNow(GatewayDialer& dialer) {
  dialing_ = dialer.DialGateway(
      [this](absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) { OnDialled(std::move(channel)); });
}

void DialLoop::OnDialled(absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) {
  if (stopped_) return;
  if (!channel.ok()) {
    AskOtherwise(channel.status());
    return Lose(channel.status(), kNotConnected);
  }
  channel_ = *std::move(channel);
  if (settings_.on_demand && !wanted_) return AskByPreConnect();
  OpenLink();
}

void DialLoop::OpenLink() {
  const Metadata capabilities{{std::string(header::kCapabilities), FormatCapabilities(kAllCapabilities)}};
  link_ = std::make_unique<GatewayLink>(context_, OpenStream(capabilities), *this);
}

// ---- Whether somebody wants it -------------------------------------------------------------------------------------

void DialLoop::AskByPreConnect() {
  // The capabilities tell a gateway of ours that this connection's end is the end of whoever asks on it.
  Metadata headers{{std::string(header::kAuthorization), "Bearer " + settings_.bearer},
                   {std::string(header::kCapabilities), FormatCapabilities(kAllCapabilities)}};
  poll_ = std::make_unique<PreConnectPoll>(
      context_, *channel_, std::move(headers), settings_.on_demand->request,
      PreConnectPoll::Callbacks{.answered = [this](const absl::Status& status) { OnAnswered(status); },
                                .done = [this](const absl::Status& status) { OnAsked(status); }});
  poll_->Start();
}

void DialLoop::OnAsked(const absl::Status& status) {
  context_.loop.DestroyLater(std::move(poll_));
  if (status.ok()) {
    wanted_ = true;
    return OpenLink();
  }
  context_.loop.DestroyLater(std::move(channel_));
  AskOtherwise(status);
  Lose(status, EventOf(status));
}

void DialLoop::AskByRest() {
  rest_poll_ = std::make_unique<ConnectionAppsPoll>(
      context_, *settings_.on_demand->worker, settings_.on_demand->rest, settings_.on_demand->items,
      ConnectionAppsPoll::Callbacks{
          .answered = [this] { OnAnswered(absl::OkStatus()); },
          .done = [this](absl::StatusOr<std::string> grpc_url) { OnAskedByRest(std::move(grpc_url)); }});
  rest_poll_->Start();
}

void DialLoop::OnAskedByRest(absl::StatusOr<std::string> grpc_url) {
  context_.loop.DestroyLater(std::move(rest_poll_));
  if (!grpc_url.ok()) {
    AskOtherwise(grpc_url.status());
    return Lose(grpc_url.status(), EventOf(grpc_url.status()));
  }
  auto dialer = settings_.on_demand->dialer_for(*grpc_url);
  if (!dialer.ok()) return Lose(Annotate(dialer.status(), "grpc_url of the gateway"), kNotConnected);
  told_dialer_ = *std::move(dialer);
  wanted_ = true;
  DialNow(*told_dialer_);
}

void DialLoop::OnAnswered(const absl::Status& status) {
  failures_ = 0;
  on_change_(status);
  std::string text = StatusText(status);
  if (std::exchange(answered_, text) == text) return;
  if (status.ok())
    return context_.log.Info("waiting for somebody who wants this agent", "address", settings_.dsn.address);
  constexpr std::string_view kEvent = "the gateway does not serve this agent's connection";
  const std::string& connection = settings_.on_demand->request.name;
  if (connection.empty()) return context_.log.Warning(kEvent, "reason", text);
  // Who brings one along has heard it by on_change, and says it where it is seen.
  context_.log.Info(kEvent, "connection", connection, "reason", text);
}

// The address may be that of REST, as keys of 2024 have it, or the gateway may not know the call.
void DialLoop::AskOtherwise(const absl::Status& status) {
  if (!settings_.on_demand || !settings_.on_demand->request.name.empty() || wanted_ || IsRefusal(status)) return;
  asks_rest_ = !asks_rest_;
}

// ---- The connection that stands ------------------------------------------------------------------------------------

Metadata DialLoop::AgentHeaders() const {
  Metadata headers;
  headers.Add(std::string(header::kAuthorization), "Bearer " + settings_.bearer);
  headers.Add(std::string(header::kOrigin), "agent");
  AddMachineHeaders(headers, settings_.version);
  if (!settings_.on_demand) return headers;
  const OnDemand& on_demand = *settings_.on_demand;
  if (!on_demand.request.name.empty()) headers.Add(std::string(header::kConnectionName), on_demand.request.name);
  if (asks_rest_) {
    headers.Add(std::string(header::kConnectionItems), fmt::format("{}", fmt::join(on_demand.items, ",")));
  }
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
  Lose(status.ok() ? Unavailable("the gateway ended the stream") : status, EventOf(status));
}

void DialLoop::Lose(const absl::Status& status, std::string_view event) {
  if (connected_at_ && context_.loop.Monotonic() - *connected_at_ > limits::kReconnectResetTime) failures_ = 0;
  connected_at_.reset();
  wanted_ = false;
  answered_.reset();
  on_change_(status);
  const absl::Duration pause = NextPause();
  const std::string code = absl::StatusCodeToString(status.code());
  const std::string retry_in = absl::FormatDuration(absl::Trunc(pause, absl::Milliseconds(1)));
  // Who brings a connection along has heard it by on_change, and says it where it is seen.
  const bool is_said = settings_.on_demand && !settings_.on_demand->request.name.empty() &&
                       (absl::IsUnauthenticated(status) || absl::IsInvalidArgument(status));
  if (is_said) {
    context_.log.Info(event, "address", settings_.dsn.address, "code", code, "reason", StatusText(status), "retry_in",
                      retry_in);
  } else {
    context_.log.Warning(event, "address", settings_.dsn.address, "code", code, "reason", StatusText(status),
                         "retry_in", retry_in);
  }
  pause_ = context_.loop.After(pause, [this] { Next(); });
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

#include "router/agent_link.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {

AgentLink::AgentLink(Loop& loop, AgentInfo info, std::unique_ptr<PacketStream> control,
                     absl::AnyInvocable<void(const absl::Status&)> ended)
    : loop_(loop), info_(std::move(info)), control_(std::move(control)), ended_(std::move(ended)) {
  last_heard_ = loop_.Monotonic();
}

AgentLink::~AgentLink() { HOOP_CHECK(sessions_.empty()); }

void AgentLink::Start() {
  Packet ok(packet::kAgentConnectOk);
  if (info_.capabilities.any()) ok.AppendSpec(spec::kCapabilities, FormatCapabilities(info_.capabilities));
  control_->Send(std::move(ok));
  control_->SetReceiver(this);
}

void AgentLink::Attach(std::string_view session_id, SessionSide& side) {
  HOOP_CHECK(!over_);
  sessions_.emplace(session_id, &side);
}

void AgentLink::Detach(std::string_view session_id) {
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  sessions_.erase(found);
  ended_sessions_.Add(session_id);
}

void AgentLink::HoldReading() {
  if (++holds_ == 1) control_->SetReading(false);
}

void AgentLink::ReleaseReading() {
  HOOP_CHECK(holds_ > 0);
  if (--holds_ == 0 && !over_) control_->SetReading(true);
}

std::string AgentLink::ExpectStream(StreamReady ready) {
  std::string token = RandomToken(24);
  Expected expected{std::move(ready), nullptr};
  expected.timeout = loop_.After(limits::kAgentStreamOpenTime, [this, token] {
    auto found = expected_.find(token);
    if (found == expected_.end()) return;
    StreamReady ready = std::move(found->second.ready);
    expected_.erase(found);
    ready(DeadlineExceeded("agent {}: did not open a data stream within {}", info_.agent.name,
                           absl::FormatDuration(limits::kAgentStreamOpenTime)));
  });
  expected_.emplace(token, std::move(expected));
  return token;
}

void AgentLink::ForgetStream(std::string_view token) {
  if (auto found = expected_.find(token); found != expected_.end()) expected_.erase(found);
}

absl::Status AgentLink::OfferStream(std::string_view token, std::unique_ptr<PacketStream>& stream) {
  auto found = expected_.find(token);
  if (found == expected_.end()) return PermissionDenied("data stream: unknown, used or late token");
  StreamReady ready = std::move(found->second.ready);
  expected_.erase(found);
  ready(std::move(stream));
  return absl::OkStatus();
}

void AgentLink::End(const absl::Status& status) {
  if (over_) return;
  control_->Finish(status);
  Finish(status);
}

void AgentLink::Probe() {
  control_->Ping([this] { last_heard_ = loop_.Monotonic(); });
}

void AgentLink::OnPacket(Packet packet) {
  if (over_) return;
  last_heard_ = loop_.Monotonic();
  const std::string_view type = packet.type();
  // Consumed here, never forwarded: transport.md 4.1 "Agent -> gateway".
  if (type == packet::kKeepAlive || type == packet::kLegacyKeepAlive || type == packet::kClientAgentLogs ||
      type == packet::kClientAnalyzerMetrics || type.starts_with(packet::kSystemPrefix) ||
      packet.Spec(spec::kMcpEvent)) {
    return CountForNobody();
  }
  // A packet is accepted only for a session that runs on this very agent; late ones of ended sessions are dropped.
  const std::string_view session_id = packet.SpecText(spec::kSessionId);
  if (auto found = sessions_.find(session_id); found != sessions_.end()) {
    found->second->OnAgentPacket(std::move(packet));
  } else if (!ended_sessions_.Contains(session_id)) {
    CountForNobody();
  }
}

void AgentLink::CountForNobody() {
  const absl::Status counted = for_nobody_.Count(info_.agent.name, last_heard_);
  if (!counted.ok()) End(counted);
}

void AgentLink::OnEnd(const absl::Status& status) { Finish(status); }

void AgentLink::OnDrained() {
  std::vector<std::string> ids;  // a side may detach itself or others
  for (const auto& [id, side] : sessions_) ids.push_back(id);
  for (const std::string& id : ids) {
    if (auto found = sessions_.find(id); found != sessions_.end()) found->second->OnAgentDrained();
  }
}

void AgentLink::Finish(const absl::Status& status) {
  if (over_) return;
  over_ = true;
  std::map<std::string, Expected, std::less<>> expected = std::exchange(expected_, {});
  for (auto& [token, waiting] : expected) waiting.ready(Unavailable("agent {} has disconnected", info_.agent.name));
  while (!sessions_.empty()) {
    SessionSide* side = sessions_.begin()->second;
    sessions_.erase(sessions_.begin());
    side->OnAgentGone(status);
  }
  // Last: it may destroy this link.
  auto ended = std::move(ended_);
  ended(status);
}

}  // namespace hoop

#include "agent/gateway_link.h"

#include <utility>
#include <vector>

#include "base/limits/agent.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr std::string_view kAgentErrorCode = "254";

}  // namespace

// A finished data stream until the gateway has taken what was sent and ended it, too. One that has nothing left to
// send and still does not end is given up.
class GatewayLink::LingeringStream final : private PacketStream::Receiver {
 public:
  LingeringStream(GatewayLink& link, std::unique_ptr<PacketStream> stream) : link_(link), stream_(std::move(stream)) {
    stream_->SetReceiver(this);
    stream_->SetReading(true);
    stream_->Finish(absl::OkStatus());
    Wait();
  }

 private:
  void OnPacket(Packet) override {}
  void OnEnd(const absl::Status&) override { Remove(); }

  void Wait() {
    timer_ = link_.context_.loop.After(limits::kAgentStreamOpenTime, [this] {
      if (stream_->queued_bytes() > 0) return Wait();
      Remove();
    });
  }
  void Remove() {
    for (auto found = link_.lingering_.begin(); found != link_.lingering_.end(); ++found) {
      if (found->get() != this) continue;
      link_.context_.loop.DestroyLater(std::move(link_.lingering_.extract(found).value()));
      return;
    }
  }

  GatewayLink& link_;
  std::unique_ptr<PacketStream> stream_;
  std::unique_ptr<Timer> timer_;
};

GatewayLink::GatewayLink(AgentContext& context, std::unique_ptr<PacketStream> control, Owner& owner)
    : context_(context), owner_(owner), control_(std::move(control)) {
  KeepAlive();
  control_->SetReceiver(this);
}

GatewayLink::~GatewayLink() { over_ = true; }

void GatewayLink::CloseSessions(std::string_view reason) {
  while (!sessions_.empty()) sessions_.begin()->second->Interrupt(reason);
  if (!over_) control_->Finish(absl::OkStatus());
}

void GatewayLink::HoldReading() {
  if (++holds_ == 1 && !over_) control_->SetReading(false);
}

void GatewayLink::ReleaseReading() {
  if (--holds_ == 0 && !over_) control_->SetReading(true);
}

void GatewayLink::Linger(std::unique_ptr<PacketStream> stream) {
  lingering_.insert(std::make_unique<LingeringStream>(*this, std::move(stream)));
}

void GatewayLink::KeepAlive() {
  control_->Send(Packet(packet::kKeepAlive));
  keep_alive_ = context_.loop.After(limits::kKeepAliveInterval, [this] { KeepAlive(); });
}

void GatewayLink::OnPacket(Packet packet) {
  const std::string_view type = packet.type();
  if (type == packet::kAgentConnectOk) return OnConnectOk(packet);
  if (type == packet::kAgentSessionOpen) return OnSessionOpen(packet);
  if (type == packet::kAgentStreamOpen) return OnStreamOpen(packet);
  OnSessionPacket(std::move(packet));
}

void GatewayLink::OnConnectOk(const Packet& packet) {
  if (std::exchange(accepted_, true)) return;
  granted_ = Common(kAllCapabilities, ParseCapabilities(packet.SpecText(spec::kCapabilities)));
  owner_.OnConnected(granted_);
}

void GatewayLink::OnSessionOpen(const Packet& packet) {
  const std::string session_id(packet.SpecText(spec::kSessionId));
  if (session_id.empty()) return context_.log.Warning("session open without a session id ignored");
  if (auto known = sessions_.find(session_id); known != sessions_.end()) return known->second->Open(packet);
  if (sessions_.size() >= limits::kAgentSessionsMax) {
    return RefuseSession(session_id, "this agent runs too many sessions, try again");
  }
  std::unique_ptr<PacketStream> stream;
  if (const std::string_view token = packet.SpecText(spec::kStreamToken); granted_.streams && !token.empty()) {
    stream = owner_.OpenStream({{std::string(header::kStreamToken), std::string(token)}});
  }
  auto session = std::make_unique<SessionWorker>(context_, *this, granted_, session_id, std::move(stream),
                                                 [this, session_id] { OnSessionEnd(session_id); });
  sessions_.emplace(session_id, std::move(session)).first->second->Open(packet);
}

void GatewayLink::OnStreamOpen(const Packet& packet) {
  const std::string_view token = packet.SpecText(spec::kStreamToken);
  auto session = sessions_.find(packet.SpecText(spec::kSessionId));
  if (!granted_.streams || token.empty() || session == sessions_.end()) return;
  session->second->OnConnectionStream(packet.SpecText(spec::kConnectionId),
                                      owner_.OpenStream({{std::string(header::kStreamToken), std::string(token)}}));
}

void GatewayLink::OnSessionPacket(Packet packet) {
  const std::string_view session_id = packet.SpecText(spec::kSessionId);
  if (auto session = sessions_.find(session_id); session != sessions_.end()) {
    return session->second->OnTrunkPacket(std::move(packet));
  }
  // Bytes for a session that was never opened here: somebody waits for them. Late ones and closes are nothing.
  const std::string_view type = packet.type();
  const bool is_input = type == packet::kAgentExecWriteStdin || type == packet::kAgentTerminalWriteStdin ||
                        type == packet::kAgentTcpWrite || type == packet::kAgentPostgresWrite;
  if (is_input && !session_id.empty() && !finished_.Contains(session_id)) {
    RefuseSession(session_id, "connection params not found, contact the administrator");
  }
}

void GatewayLink::RefuseSession(std::string_view session_id, std::string_view text) {
  finished_.Add(session_id);
  control_->Send(
      Packet(packet::kClientSessionClose, {{spec::kSessionId, session_id}, {spec::kExitCode, kAgentErrorCode}}, text));
}

void GatewayLink::OnSessionEnd(const std::string& session_id) {
  auto session = sessions_.find(session_id);
  if (session == sessions_.end()) return;
  finished_.Add(session_id);
  context_.loop.DestroyLater(std::move(session->second));
  sessions_.erase(session);
}

void GatewayLink::OnDrained() {
  std::vector<std::string> ids;  // a session may end meanwhile
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  for (const std::string& id : ids) {
    if (auto session = sessions_.find(id); session != sessions_.end()) session->second->OnTrunkDrained();
  }
}

void GatewayLink::OnEnd(const absl::Status& status) {
  if (std::exchange(over_, true)) return;
  keep_alive_.reset();
  if (!sessions_.empty()) context_.log.Warning("sessions ended with the gateway's stream", "count", sessions_.size());
  owner_.OnLinkEnd(status);
}

}  // namespace hoop

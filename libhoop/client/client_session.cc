#include "client/client_session.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/encoding.h"
#include "base/limits/agent.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// Nullopt: missing, or not a number.
std::optional<int> ParseExitCode(std::string_view text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return code;
}

// How gateways of either era end a stream whose agent, or who themselves, are gone for a while; with codes that say
// nothing of it.
constexpr std::string_view kLosses[] = {"gateway shutdown", "agent has disconnected", "agent is offline",
                                        "agent not found for connection"};

// What a reconnect may help against: a broken or unreachable gateway or agent, never a refusal.
bool MayRetry(const absl::Status& status) {
  if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) return true;
  if (!absl::IsUnknown(status) && !absl::IsFailedPrecondition(status)) return false;
  const std::string text = StatusText(status);
  return std::any_of(std::begin(kLosses), std::end(kLosses),
                     [&text](std::string_view loss) { return text.find(loss) != std::string::npos; });
}

}  // namespace

ClientSession::ClientSession(Loop& loop, GatewayDialer& dialer, const SessionPlan& plan, Delegate& delegate)
    : loop_(loop), dialer_(dialer), plan_(plan), delegate_(delegate) {}

ClientSession::~ClientSession() = default;

void ClientSession::Start() {
  dialing_ = dialer_.DialGateway(
      [this](absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) { OnDialled(std::move(channel)); });
}

void ClientSession::OnDialled(absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) {
  if (!channel.ok()) return End({.status = channel.status(), .retry = MayRetry(channel.status())});
  channel_ = *std::move(channel);
  Metadata metadata = plan_.metadata;
  metadata.Add(std::string(header::kCapabilities), FormatCapabilities(kAllCapabilities));
  control_ = channel_->OpenStream(std::move(metadata));
  control_->SetReceiver(this);
  if (!plan_.is_ordered) SendOpen();
  if (plan_.keep_alive_at_once) KeepAlive();
}

Packet ClientSession::BuildOpen(std::string_view type, std::string_view payload) const {
  Packet packet(type, {}, payload);
  const SessionRequest& request = plan_.request;
  if (!id_.empty()) packet.AppendSpec(spec::kSessionId, id_);
  if (!request.args.empty()) packet.AppendSpec(spec::kTerminalArgs, EncodeGobStrings(request.args));
  if (request.duration) {
    packet.AppendSpec(spec::kJitTimeout, fmt::format("{}s", absl::ToInt64Seconds(*request.duration)));
  }
  if (!request.env.empty()) {
    std::map<std::string, std::string> variables;
    for (const auto& [name, value] : request.env) variables["envvar:" + name] = Base64Encode(value);
    packet.AppendSpec(spec::kTerminalEnvVars, EncodeGobStringMap(variables));
  }
  return packet;
}

void ClientSession::SendOpen() {
  control_->Send(BuildOpen(packet::kAgentSessionOpen, plan_.input));
  patience_ = loop_.After(limits::kSessionOpenTime, [this] {
    End({.status = DeadlineExceeded("the gateway did not open the session within {} s",
                                    absl::ToInt64Seconds(limits::kSessionOpenTime)),
         .retry = true});
  });
}

std::unique_ptr<PacketStream> ClientSession::OpenStream(std::string_view connection_id) {
  Metadata metadata;
  for (const std::string_view name : {header::kAuthorization, header::kOrigin}) {
    metadata.Add(std::string(name), std::string(plan_.metadata.Get(name)));
  }
  metadata.Add(std::string(header::kSession), id_);
  metadata.Add(std::string(header::kConnection), std::string(connection_id));
  return channel_->OpenStream(std::move(metadata));
}

void ClientSession::OnPacket(Packet packet) {
  const std::string_view type = packet.type();
  // Gateways may carry several sessions of ours on what they think is one stream.
  if (!id_.empty() && packet.Spec(spec::kSessionId).value_or(id_) != id_) return;
  if (type == packet::kClientSessionClose) return OnClose(packet);
  if (type == packet::kClientSessionOpenOk) return OnOpenOk(packet);
  if (type == packet::kClientOpenTimeout) {
    return End({.status = absl::OkStatus(), .text = "session ended, reached connection duration", .exit_code = 1});
  }
  if (!id_.empty()) return delegate_.OnSessionPacket(std::move(packet));
  if (type == packet::kClientProxyManagerConnectOk && plan_.is_ordered) {
    return control_->Send(Packet(packet::kProxyManagerConnectOkAck));
  }
  if (type == packet::kClientWaitingApproval) return OnWaitingApproval(packet);
  if (type == packet::kClientAgentOffline) return OnAgentOffline();
  if (type == packet::kClientApproveOk) {
    delegate_.OnSessionNotice({.kind = ClientEvent::Kind::kApproved, .message = "approved, running"});
    SendOpen();
  }
}

void ClientSession::OnOpenOk(const Packet& packet) {
  if (!id_.empty()) return;  // answers an open that was sent twice
  const std::string_view id = packet.SpecText(spec::kSessionId);
  if (id.empty()) return End({.status = Internal("the gateway opened a session without an id")});
  patience_.reset();
  id_ = std::string(id);
  OpenedSession session;
  session.id = id_;
  session.connection_type = std::string(packet.SpecText(spec::kConnectionType));
  session.command = std::string(packet.SpecText(spec::kClientCommand));
  session.agent_version = std::string(packet.SpecText(spec::kAgentVersion));
  session.request_port = std::string(packet.SpecText(spec::kRequestPort));
  session.granted = Common(ParseCapabilities(packet.SpecText(spec::kCapabilities)), kAllCapabilities);
  if (session.granted.ping) channel_->SetPingInterval(limits::kPingInterval);
  if (keep_alive_ == nullptr) KeepAlive();
  delegate_.OnSessionOpen(session);
}

void ClientSession::OnWaitingApproval(const Packet& packet) {
  patience_.reset();  // people decide now
  delegate_.OnSessionNotice({.kind = ClientEvent::Kind::kWaitingApproval,
                             .message = "waiting for approval",
                             .data = {{"review_url", std::string(packet.payload())},
                                      {"session_id", std::string(packet.SpecText(spec::kSessionId))}}});
}

void ClientSession::OnAgentOffline() {
  if (++offline_count_ > limits::kAgentOfflineAsksMax) {
    return End({.status = Unavailable("agent is offline, max retry reached"), .retry = true});
  }
  delegate_.OnSessionNotice({.kind = ClientEvent::Kind::kAgentOffline,
                             .message = fmt::format("agent is offline, asking again in {} s",
                                                    absl::ToInt64Seconds(limits::kAgentOfflineWait)),
                             .data = {{"retry", fmt::format("{}/{}", offline_count_, limits::kAgentOfflineAsksMax)}}});
  patience_ = loop_.After(limits::kAgentOfflineWait, [this] { SendOpen(); });
}

void ClientSession::OnClose(const Packet& packet) {
  End({.status = absl::OkStatus(),
       .text = std::string(packet.payload()),
       .exit_code = ParseExitCode(packet.SpecText(spec::kExitCode)),
       .retry = packet.Spec(spec::kRetry).has_value()});
}

void ClientSession::OnEnd(const absl::Status& status) {
  if (!status.ok()) return End({.status = status, .retry = MayRetry(status)});
  End({.status = Aborted("the gateway ended the session without a reason")});
}

void ClientSession::KeepAlive() {
  control_->Send(Packet(packet::kKeepAlive));
  keep_alive_ = loop_.After(limits::kKeepAliveInterval, [this] { KeepAlive(); });
}

void ClientSession::End(SessionEnding ending) {
  if (ended_) return;
  ended_ = true;
  keep_alive_.reset();
  patience_.reset();
  // What the peer still says is of no interest; an orderly end leaves with the turn.
  if (control_ != nullptr) {
    control_->SetReceiver(nullptr);
    control_->Finish(absl::OkStatus());
  }
  delegate_.OnSessionEnd(ending);
}

}  // namespace hoop

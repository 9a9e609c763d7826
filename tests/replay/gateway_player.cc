// Plays recorded clients and agents against our gateway.
#include <algorithm>
#include <set>

#include "base/agent_dsn.h"
#include "base/check.h"
#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "identity/agent_keys.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/replay/players.h"
#include "wire/packet_types.h"
#include "wire/pre_connect.h"
#include "wire/spec_keys.h"

namespace hoop::replay {
namespace {

// What people did to the gateway, which no packet shows; by recording.
struct Deed {
  std::string_view recording;
  int64_t time_ms;
  enum { kKillSession, kShutdown, kDie, kProxyConnect, kProxyDisconnect } what;
};
constexpr Deed kDeeds[] = {
    {"packets/session_killed", 984, Deed::kKillSession},   {"packets/gateway_shutdown", 970, Deed::kShutdown},
    {"packets/proxymanager", 1500, Deed::kProxyConnect},   {"packets/proxymanager", 2541, Deed::kProxyDisconnect},
    {"packets24/proxy-manager", 980, Deed::kProxyConnect}, {"packets24/proxy-manager", 1410, Deed::kProxyDisconnect},
    {"packets24/gateway-term", 1663, Deed::kShutdown},     {"packets24/gateway-kill", 147, Deed::kDie}};

constexpr char kNobody[] = "nobody";
constexpr char kDialFailed[] = "connection error";  // as the peer's library says when no gateway was there

class GatewayPlayer final {
 public:
  explicit GatewayPlayer(const Recording& recording) : recording_(recording) {}

  Played Play() {
    const bool has_gateway = std::any_of(recording_.events.begin(), recording_.events.end(),
                                         [](const Event& event) { return event.kind != Event::Kind::kOpen; });
    if (!has_gateway) return std::nullopt;
    AddAgents();
    AddConnections();
    for (int stream : recording_.Streams(Leg::kAgent)) {
      if (recording_.Open(stream) == nullptr) OpenEarlier(stream);
    }
    for (const Event& event : recording_.events) {
      PassTime(event.time_ms);
      if (event.from_peer) Do(event);
      if (IsByRest(event)) RunByRest(event);
      gateway_.Settle();
      Learn();
    }
    gateway_.Advance(limits::kAgentWaitTime + absl::Seconds(1));
    return Differences();
  }

 private:
  // ---- What the gateway knows --------------------------------------------------------------------------------------

  // The status with which the recorded gateway ended a stream.
  absl::Status EndOf(int stream) const {
    for (const Event& event : recording_.events) {
      if (event.stream == stream && event.kind == Event::Kind::kEnd) return event.status;
    }
    return absl::OkStatus();
  }

  // "ag26" of "Bearer grpc://ag26:<secret>@...", or a name for a stream whose beginning was not recorded.
  std::string AgentName(int stream) const {
    const Event* open = recording_.Open(stream);
    if (open == nullptr) return NameOfEarlier(stream);
    const std::string_view header = open->metadata.Get(header::kAuthorization);
    const size_t begin = header.find("://") + 3;
    return std::string(header.substr(begin, header.find(':', begin) - begin));
  }
  // The first stream that was there already is the one beside which its agent was refused a second one.
  std::string NameOfEarlier(int stream) const {
    bool is_first = true;
    for (int other : recording_.Streams(Leg::kAgent)) {
      if (other == stream) break;
      is_first = is_first && recording_.Open(other) != nullptr;
    }
    for (int other : recording_.Streams(Leg::kAgent)) {
      if (is_first && absl::IsFailedPrecondition(EndOf(other))) return AgentName(other);
    }
    return fmt::format("agent-{}", stream);
  }
  std::string AgentMode(int stream) const {
    const Event* open = recording_.Open(stream);
    if (open == nullptr) return "standard";
    if (AgentName(stream) == kOrganizationAgent) return std::string(kMultiConnection);
    return open->metadata.Get(header::kAuthorization).ends_with("mode=embedded") ? "embedded" : "standard";
  }

  void AddAgents() {
    for (const Leg leg : {Leg::kAgent, Leg::kUnary}) {
      for (int stream : recording_.Streams(leg)) gateway_.AddAgent(AgentName(stream), AgentMode(stream));
    }
  }

  // The agent's stream on which a client's session was opened.
  std::string AgentOf(int client_stream) const {
    std::set<std::string> ids;
    for (const Event& event : recording_.events) {
      if (event.stream == client_stream && !event.from_peer) ids.insert(event.packet.Get(spec::kSessionId));
    }
    for (const Event& event : recording_.events) {
      const bool opens = event.leg == Leg::kAgent && event.packet.type == packet::kAgentSessionOpen;
      if (opens && ids.contains(event.packet.Get(spec::kSessionId))) return AgentName(event.stream);
    }
    return kNobody;
  }

  // Its agent brings it along.
  bool IsPublished(const std::string& connection) const {
    return std::any_of(recording_.events.begin(), recording_.events.end(), [&connection](const Event& event) {
      if (event.kind != Event::Kind::kMessage || !event.from_peer) return false;
      const auto request = ParsePreConnectRequest(event.message);
      return request.ok() && request->name == connection;
    });
  }

  void AddConnections() {
    gateway_.AddAgent(kNobody, "standard");
    if (const Event* open = ProxyOpen(); open != nullptr) {
      gateway_.AddConnection(*DecodeConnectionParams(open->packet.Get(spec::kConnectionParams)),
                             AgentName(open->stream));
    }
    for (const Event& event : recording_.events) {
      if (!IsByRest(event)) continue;
      AgentConnectionParams params = *DecodeConnectionParams(event.packet.Get(spec::kConnectionParams));
      gateway_.AddConnection(params, AgentName(event.stream));
    }
    std::set<std::string> served;
    for (int stream : recording_.Streams(Leg::kClient)) {
      const Event* open = recording_.Open(stream);
      if (open == nullptr || absl::IsNotFound(EndOf(stream))) continue;
      const std::string name(open->metadata.Get(header::kConnectionName));
      if (name.empty() || IsPublished(name)) continue;
      auto params = ConnectionOf(recording_, name);
      if (!params) params = AgentConnectionParams{.connection_name = name, .connection_type = "tcp"};
      const std::string agent = AgentOf(stream);
      if (agent != kNobody || !served.contains(name)) gateway_.AddConnection(*params, agent);
      served.insert(name);
    }
  }

  // ---- What the peers do -------------------------------------------------------------------------------------------

  // Who proves to be whom, as well as he did then.
  std::string Authorization(int stream, Leg leg) {
    const absl::Status end = EndOf(stream);
    const bool is_refused = absl::IsUnauthenticated(end);
    if (leg == Leg::kClient) return is_refused ? "Bearer wrong" : std::string("Bearer ") + kUserToken;
    const std::string dsn = gateway_.AddAgent(AgentName(stream), AgentMode(stream));
    if (!is_refused) return "Bearer " + dsn;
    const size_t colon = dsn.find(':', dsn.find("://") + 3);
    const size_t at = dsn.find('@');
    if (StatusText(end).find("mismatch") == std::string::npos) {
      return "Bearer " + dsn.substr(0, colon + 1) + NewWrongKey() + dsn.substr(at);
    }
    // The right key of somebody else.
    const std::string other = gateway_.AddAgent(kNobody, "standard");
    const size_t other_colon = other.find(':', other.find("://") + 3);
    return "Bearer " + dsn.substr(0, colon) + other.substr(other_colon);
  }
  static std::string NewWrongKey() { return "xagt-" + std::string(43, 'A'); }

  Metadata HeadersOf(const Event& open) {
    Metadata headers;
    for (const auto& [name, value] : open.metadata.entries()) {
      const bool is_transport = name == "content-type" || name == "user-agent" || name == "grpc-accept-encoding";
      if (!is_transport && name != header::kAuthorization) headers.Add(name, value);
    }
    headers.Add(std::string(header::kAuthorization), Authorization(open.stream, open.leg));
    return headers;
  }

  void OpenEarlier(int stream) {
    Metadata headers{{"origin", "agent"}, {"version", "unknown"}};
    headers.Add(std::string(header::kAuthorization), Authorization(stream, Leg::kAgent));
    peers_[stream] = &gateway_.Connect(headers);
    gateway_.Settle();
    peers_[stream]->transcript.packets.clear();  // it was told before the recording that it is accepted
  }

  void PassTime(int64_t until_ms) {
    for (const Deed& deed : kDeeds) {
      if (deed.recording != recording_.name || deed.time_ms > until_ms || deed.time_ms <= now_ms_) continue;
      AdvanceTo(deed.time_ms);
      if (deed.what == Deed::kKillSession) gateway_.KillSession(sessions_.begin()->second);
      if (deed.what == Deed::kShutdown) gateway_.Shutdown();
      if (deed.what == Deed::kDie) gateway_.Die();
      if (deed.what == Deed::kProxyConnect) gateway_.proxy_managers().Connect(ProxyOrder(), Expect());
      if (deed.what == Deed::kProxyDisconnect) gateway_.proxy_managers().Disconnect(gateway_.user().user_id, Expect());
      gateway_.Settle();
      Learn();
    }
    AdvanceTo(until_ms);
  }
  // A session of the agent that no recorded client has: REST asked for it.
  bool IsByRest(const Event& event) const {
    const bool opens = event.leg == Leg::kAgent && !event.from_peer && event.packet.type == packet::kAgentSessionOpen;
    return opens && recording_.Streams(Leg::kClient).empty();
  }
  void RunByRest(const Event& open) {
    const auto params = DecodeConnectionParams(open.packet.Get(spec::kConnectionParams));
    rest::ExecOrder order{.session_id = NewUuid(), .identity = gateway_.user()};
    order.connection = params->connection_name;
    order.client_args = params->client_args;
    for (const Event& event : recording_.events) {
      const bool is_its = event.packet.Get(spec::kSessionId) == open.packet.Get(spec::kSessionId);
      if (is_its && event.packet.type == packet::kAgentExecWriteStdin) order.script = event.packet.payload;
    }
    gateway_.exec().Run(std::move(order), [](const absl::Status&) {});
  }

  // What the desktop app asked for, as the agent was told of it.
  rest::ProxyOrder ProxyOrder() const {
    const Event& open = *ProxyOpen();
    const auto params = DecodeConnectionParams(open.packet.Get(spec::kConnectionParams));
    rest::ProxyOrder order{.identity = gateway_.user()};
    order.connection = params->connection_name;
    order.port = open.packet.Get(spec::kRequestPort);
    absl::ParseDuration(open.packet.Get(spec::kJitTimeout), &order.access_duration);
    return order;
  }
  const Event* ProxyOpen() const {
    for (const Event& event : recording_.events) {
      if (event.packet.type == packet::kAgentSessionOpen && !event.packet.Get(spec::kRequestPort).empty())
        return &event;
    }
    return nullptr;
  }
  static rest::ProxyManager::Done Expect() {
    return [](const absl::Status& status) { HOOP_CHECK(status.ok()); };
  }
  void AdvanceTo(int64_t time_ms) {
    if (time_ms <= now_ms_) return;
    gateway_.Advance(absl::Milliseconds(time_ms - now_ms_));
    now_ms_ = time_ms;
  }

  void Do(const Event& event) {
    if (event.kind == Event::Kind::kOpen) return OpenStream(event);
    if (event.kind == Event::Kind::kMessage) return Call(event);
    const auto found = peers_.find(event.stream);
    if (found == peers_.end() || found->second->transcript.end) return;
    Peer& peer = *found->second;
    if (event.kind == Event::Kind::kPacket) peer.Send(Renamed(event.packet).ToPacket());
    if (event.kind == Event::Kind::kHalfClose) peer.HalfClose();
    if (event.kind == Event::Kind::kPeerLeft) peer.Leave();
  }

  void OpenStream(const Event& event) {
    if (event.leg == Leg::kUnary || StatusText(EndOf(event.stream)).starts_with(kDialFailed)) return;
    peers_[event.stream] = &gateway_.Connect(HeadersOf(event));
  }

  void Call(const Event& event) {
    const Event& open = *recording_.Open(event.stream);
    const std::string method = open.method.substr(open.method.rfind('/') + 1);
    gateway_.CallUnary(method, HeadersOf(open), event.message,
                       [this, stream = event.stream](absl::StatusOr<std::string> answer) {
                         Transcript& transcript = answers_[stream];
                         transcript.end = answer.status();
                         if (answer.ok()) transcript.packets.push_back(Answer(*answer));
                       });
  }
  static PacketImage Answer(const std::string& message) {
    return {.type = "answer", .payload = message, .true_bytes = message.size()};
  }

  PacketImage Renamed(PacketImage packet) const {
    auto id = packet.spec.find(std::string(spec::kSessionId));
    if (id == packet.spec.end()) return packet;
    if (const auto ours = sessions_.find(id->second); ours != sessions_.end()) id->second = ours->second;
    return packet;
  }

  // ---- What comes back ---------------------------------------------------------------------------------------------

  // Pairs the sessions that our gateway made with the recorded ones: by the agent's open, else by what a client got.
  void Learn() {
    for (const auto& [stream, peer] : peers_) {
      for (const PacketImage& seen : peer->transcript.packets) {
        const std::string id = seen.Get(spec::kSessionId);
        if (id.empty() || !paired_.insert(id).second) continue;
        const std::string recorded = FindRecorded(stream, seen);
        if (recorded.empty()) {
          paired_.erase(id);
        } else {
          sessions_[recorded] = id;
        }
      }
    }
  }

  static bool SameKind(const PacketImage& a, const PacketImage& b) {
    return a.Get(spec::kConnectionType) == b.Get(spec::kConnectionType) &&
           a.spec.contains("jit.timeout") == b.spec.contains("jit.timeout");
  }

  std::string FindRecorded(int stream, const PacketImage& seen) const {
    const auto ours = DecodeConnectionParams(seen.Get(spec::kConnectionParams));
    for (const Event& event : recording_.events) {
      const std::string id = event.packet.Get(spec::kSessionId);
      if (event.stream != stream || event.from_peer || id.empty() || sessions_.contains(id)) continue;
      if (event.packet.type != seen.type || !SameKind(event.packet, seen)) continue;
      const auto recorded = DecodeConnectionParams(event.packet.Get(spec::kConnectionParams));
      const bool same =
          !ours.ok() || !recorded.ok() ||
          (ours->connection_name == recorded->connection_name && ours->client_verb == recorded->client_verb);
      if (same) return id;
    }
    return {};
  }

  Transcript RecordedOf(int stream) const {
    Transcript transcript;
    for (const Event& event : recording_.events) {
      if (event.stream != stream || event.from_peer) continue;
      if (event.kind == Event::Kind::kPacket) transcript.packets.push_back(event.packet);
      if (event.kind == Event::Kind::kMessage) transcript.packets.push_back(Answer(event.message));
      if (event.kind == Event::Kind::kEnd) transcript.end = event.status;
    }
    return transcript;
  }

  std::vector<Difference> Differences() const {
    std::vector<Difference> all;
    const auto add = [&](const char* direction, int stream, const Transcript& ours) {
      const Renaming renaming{.sessions = sessions_};
      for (Difference& difference : Compare(direction, RecordedOf(stream), ours, renaming, Order::kSession)) {
        difference.detail = fmt::format("stream {}: {}", stream, difference.detail);
        all.push_back(std::move(difference));
      }
    };
    for (const auto& [stream, peer] : peers_) {
      const auto& clients = recording_.Streams(Leg::kClient);
      const bool is_client = std::find(clients.begin(), clients.end(), stream) != clients.end();
      add(is_client ? "G>C" : "G>A", stream, peer->transcript);
    }
    for (int stream : recording_.Streams(Leg::kUnary)) {
      const auto answer = answers_.find(stream);
      add("unary", stream, answer == answers_.end() ? Transcript() : answer->second);
    }
    return all;
  }

  const Recording& recording_;
  int64_t now_ms_ = 0;
  std::map<int, Peer*> peers_;
  std::map<int, Transcript> answers_;
  std::map<std::string, std::string> sessions_;  // recorded -> ours
  std::set<std::string> paired_;                 // ours
  GatewayUnderTest gateway_;                     // last: its peers end first
};

}  // namespace

Played PlayGateway(const Recording& recording) { return GatewayPlayer(recording).Play(); }

}  // namespace hoop::replay

// Plays recorded gateways against our agent: the real Agent with its warden, over sockets, in front of services like
// the recorded ones.
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/status.h"
#include "hoop/agent.h"
#include "tests/fakes/manual_clock.h"
#include "tests/replay/players.h"
#include "tests/replay/scripted_gateway.h"
#include "tests/replay/targets.h"
#include "tests/support/temp_folder.h"
#include "wire/packet_types.h"
#include "wire/pre_connect.h"
#include "wire/spec_keys.h"

namespace hoop::replay {
namespace {

constexpr char kKey[] = "xagt-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
constexpr char kFence[] = "fence";  // a session that tells when everything before it was handled
constexpr uint16_t kNobodyListens = 1;

bool IsData(std::string_view type) {
  return type.starts_with("Client") && (type.ends_with("ConnectionWrite") || type == packet::kClientWriteStdout ||
                                        type == packet::kClientWriteStderr);
}

class AgentPlayer final {
 public:
  AgentPlayer(const Recording& recording, std::string agent) : recording_(recording), agent_(std::move(agent)) {}

  // Whose streams those of the agent leg are: "ag26", or the stream's number when its beginning was not recorded.
  static std::string NameOf(const Recording& recording, int stream) {
    const Event* open = recording.Open(stream);
    if (open == nullptr) return std::to_string(stream);
    const std::string_view header = open->metadata.Get(header::kAuthorization);
    const size_t begin = header.find("://") + 3;
    return std::string(header.substr(begin, header.find(':', begin) - begin));
  }

  std::vector<Difference> Play() {
    for (const Event& event : recording_.events) {
      if (event.leg == Leg::kClient || NameOf(recording_, event.stream) != agent_) continue;
      PassTime(event.time_ms);
      event.leg == Leg::kUnary ? DoUnary(event) : Do(event);
    }
    Settle();
    StopAgent();
    return std::move(differences_);
  }

 private:
  // ---- The agent's process -----------------------------------------------------------------------------------------

  void StartAgent() {
    if (our_agent_ != nullptr) return;
    AgentOptions options;
    options.key = Key();
    options.connection = BroughtConnection();
    options.warden_command = {"/proc/self/exe", "warden"};
    options.runtime_dir = folder_.path();
    options.environment = {{"PATH", folder_.path() + ":/usr/bin:/bin"}, {"HOME", "/home/agent"}};
    options.clock = &clock_;
    our_agent_ = *Agent::Create(std::move(options));
    (void)our_agent_->Start();
  }
  // As it was recorded, with the addresses of our gateway.
  std::string Key() {
    const std::string recorded = RecordedKey();
    if (recorded.starts_with("http://") &&
        recorded.ends_with("mode=embedded")) {  // an embedded agent of 2024: it asks by REST where to connect
      rest_ = MakeRestTarget(fmt::format("http://{}:{}@", agent_, kKey), fmt::format("grpc://{}", gateway_.address()));
      return fmt::format("http://{}:{}@127.0.0.1:{}?mode=embedded", agent_, kKey, rest_->port());
    }
    const size_t mode = recorded.find('?');
    return fmt::format("grpc://{}:{}@{}{}", agent_, kKey, gateway_.address(),
                       recorded.empty()            ? "?mode=standard"
                       : mode == std::string::npos ? ""
                                                   : recorded.substr(mode));
  }
  // Of the streams whose beginning was recorded.
  std::string RecordedKey() const {
    for (const Event& event : recording_.events) {
      const bool is_its =
          event.kind == Event::Kind::kOpen && event.leg != Leg::kClient && NameOf(recording_, event.stream) == agent_;
      const std::string_view bearer = event.metadata.Get(header::kAuthorization);
      if (is_its) return std::string(bearer.substr(bearer.find(' ') + 1));
    }
    return {};
  }
  std::optional<AgentConnection> BroughtConnection() const {
    for (const Event& event : recording_.events) {
      if (event.leg != Leg::kUnary || event.kind != Event::Kind::kMessage || !event.from_peer) continue;
      const auto request = ParsePreConnectRequest(event.message);
      if (NameOf(recording_, event.stream) != agent_ || !request.ok() || request->name.empty()) continue;
      return AgentConnection{.name = request->name, .type = request->type, .command = request->command};
    }
    return std::nullopt;
  }
  void StopAgent() {
    if (our_agent_ != nullptr) our_agent_->Stop(absl::Seconds(5));
    our_agent_.reset();
  }

  void PassTime(int64_t until_ms) {
    if (until_ms <= now_ms_) return;
    clock_.Advance(absl::Milliseconds(until_ms - now_ms_));
    now_ms_ = until_ms;
  }

  // ---- What the gateway does ---------------------------------------------------------------------------------------

  void Do(const Event& event) {
    if (event.stream != stream_ || call_ == nullptr) NewStream(event);
    if (call_ == nullptr) return;
    if (event.from_peer) {
      if (event.kind == Event::Kind::kPacket) recorded_.packets.push_back(event.packet);
      if (event.kind == Event::Kind::kPeerLeft) EndStream(/*agent_dies=*/true);
      return;
    }
    AwaitRecorded();
    if (event.kind == Event::Kind::kEnd) {
      gateway_.End(*call_, event.status);
      return EndStream(/*agent_dies=*/false);
    }
    if (event.packet.type == packet::kAgentSessionOpen) opened_.insert(event.packet.Get(spec::kSessionId));
    if (event.packet.type == packet::kAgentConnectionClose) AwaitServiceEnd(LineOf(event.packet));
    if (event.packet.type == packet::kAgentConnectionClose) closed_.insert(LineOf(event.packet));
    if (event.packet.type == packet::kAgentSessionClose) closed_.insert(event.packet.Get(spec::kSessionId));
    to_send_.push_back(Prepared(event.packet).ToPacket());
    if (!IsClosedNext(event)) gateway_.SendTogether(*call_, std::exchange(to_send_, {}));
  }

  // A connection that is closed before its target has said anything: the close goes with what was said before, or all
  // would depend on how fast the target is.
  bool IsClosedNext(const Event& event) const {
    if (event.packet.type != packet::kAgentTcpWrite) return false;
    const auto* const end = recording_.events.data() + recording_.events.size();
    const auto* const next = std::find_if(&event + 1, end, [&](const Event& each) {
      return each.stream == event.stream && each.kind == Event::Kind::kPacket;
    });
    return next != end && next->packet.type == packet::kAgentConnectionClose &&
           LineOf(next->packet) == LineOf(event.packet);
  }

  // It asks whether somebody wants it, and is answered as then.
  void DoUnary(const Event& event) {
    StartAgent();
    if (event.kind == Event::Kind::kOpen) {
      question_ = gateway_.WaitForQuestion(questions_++, [this] { clock_.Advance(absl::Seconds(1)); });
      if (question_ == nullptr) differences_.push_back({"unary -question", fmt::format("stream {}", event.stream)});
      return;
    }
    if (question_ == nullptr) return;
    if (event.kind == Event::Kind::kMessage && event.from_peer && event.message != question_->request) {
      differences_.push_back({"unary request", Base64Encode(question_->request)});
    }
    const bool answers = event.kind == Event::Kind::kMessage && !event.from_peer;
    if (!answers && (event.kind != Event::Kind::kEnd || event.status.ok())) return;
    gateway_.Answer(*question_, answers ? absl::StatusOr<std::string>(event.message) : event.status);
    question_ = nullptr;
  }

  void NewStream(const Event& event) {
    Settle();
    stream_ = event.stream;
    StartAgent();
    call_ = gateway_.WaitForCall(calls_++, [this] { clock_.Advance(absl::Seconds(1)); });
    if (call_ == nullptr) {
      differences_.push_back({"A>G -stream", fmt::format("stream {}: the agent did not dial", event.stream)});
      return;
    }
    if (recording_.Open(stream_) != nullptr) return CompareHeaders(event);
    AwaitCount(1);  // its first keepalive
    gateway_.Send(*call_, Packet(packet::kAgentConnectOk));
    gateway_.Forget(*call_);
  }

  void EndStream(bool agent_dies) {
    Settle();
    if (agent_dies) StopAgent();
  }

  // The recorded parameters, whole, with our services' ports.
  PacketImage Prepared(PacketImage packet) {
    if (packet.type != packet::kAgentSessionOpen) return packet;
    const bool is_cut = !packet.cut_keys.empty();
    auto params = is_cut ? CutParams(packet) : DecodeConnectionParams(packet.Get(spec::kConnectionParams));
    if (params->env_vars.contains("envvar:PORT")) {
      std::unique_ptr<Target>& target = targets_[params->connection_name];
      if (target == nullptr) target = NewTarget(*params, packet.Get(spec::kSessionId));
      const uint16_t port = target == nullptr ? kNobodyListens : target->port();
      params->env_vars["envvar:PORT"] = Base64Encode(std::to_string(port));
    }
    if (!params->command.empty() && params->command[0] == "psql") WritePsql();
    const bool is_terminal = params->connection_type == "command-line" && params->client_verb == "connect";
    if (is_terminal) WriteShell(params->command[0], packet.Get(spec::kSessionId));
    packet.spec[std::string(spec::kConnectionParams)] = EncodeConnectionParams(*params);
    return packet;
  }

  std::unique_ptr<Target> NewTarget(const AgentConnectionParams& params, const std::string& session) const {
    const std::string& name = params.connection_name;
    const bool is_postgres = params.connection_type == "postgres" && params.client_verb == "connect";
    if (!is_postgres || name == "pgdown") return MakeTarget(name, recording_.is_2024());
    const PostgresLogin login = name == "pgbad"     ? PostgresLogin::kRefused
                                : name == "pgmd5"   ? PostgresLogin::kMd5
                                : name == "pgtrust" ? PostgresLogin::kTrust
                                                    : PostgresLogin::kCleartext;
    return MakePostgresTarget(login, TalksOf(session), RefusalOf(session));
  }

  // The error with which the server refused a log-in.
  std::string RefusalOf(const std::string& session) const {
    for (const Event& event : recording_.events) {
      const PacketImage& packet = event.packet;
      const bool is_error = packet.type == packet::kClientPostgresWrite && packet.payload.starts_with('E');
      if (event.leg == Leg::kAgent && is_error && packet.Get(spec::kSessionId) == session) return packet.payload;
    }
    return {};
  }

  // What the server and each program said behind the log-in, in the order of the log-ins.
  std::vector<PostgresTalk> TalksOf(const std::string& session) const {
    std::vector<PostgresTalk> talks;
    std::map<std::string, size_t> numbers;  // connection id -> talk
    std::set<std::string> logged_in;
    for (const Event& event : recording_.events) {
      const PacketImage& packet = event.packet;
      if (event.leg != Leg::kAgent || packet.Get(spec::kSessionId) != session || packet.payload.empty()) continue;
      const std::string id = packet.Get(spec::kConnectionId);
      if (packet.type == packet::kAgentPostgresWrite && !numbers.contains(id)) {
        if (packet.payload.size() == 8 || packet.payload.starts_with(std::string("\0\0\0\x10", 4)))
          continue;  // TLS? Cancel
        numbers[id] = talks.size();
        talks.emplace_back();
        continue;
      }
      if (!numbers.contains(id)) continue;
      PostgresTalk& talk = talks[numbers[id]];
      if (packet.type == packet::kAgentPostgresWrite) {
        talk.turns.push_back({packet.payload.size(), ""});
      } else if (packet.type == packet::kClientPostgresWrite && logged_in.contains(id)) {
        (talk.turns.empty() ? talk.greeting : talk.turns.back().answer) += packet.payload;
        talk.server_closes = packet.payload.find("57P01") != std::string::npos;
      } else if (packet.payload[0] == 'R') {
        logged_in.insert(id);
      }
    }
    return talks;
  }

  // The client that asked for the session tells which connection it is.
  absl::StatusOr<AgentConnectionParams> CutParams(const PacketImage& packet) {
    for (int stream : recording_.Streams(Leg::kClient)) {
      for (const Event& event : recording_.events) {
        const bool is_it = event.stream == stream && event.packet.Get(spec::kSessionId) == packet.Get(spec::kSessionId);
        if (!is_it || recording_.Open(stream) == nullptr) continue;
        const Metadata& headers = recording_.Open(stream)->metadata;
        auto params = ConnectionOf(recording_, headers.Get(header::kConnectionName));
        if (!params) return NotFound("connection");
        params->client_verb = headers.Get(header::kVerb);
        return *std::move(params);
      }
    }
    return NotFound("session");
  }

  // What the database answered the recorded query, said by a program of that name.
  void WritePsql() {
    const std::string path = folder_.file("psql");
    std::ofstream out(path);
    out << "#!/bin/sh\ncat >/dev/null\ncat <<'END'\n";
    for (const Event& event : recording_.events) {
      if (event.leg == Leg::kAgent && event.packet.type == packet::kClientWriteStdout) out << event.packet.payload;
    }
    out << "END\n";
    out.close();
    ::chmod(path.c_str(), 0755);
  }

  // A program named like the recorded shell, which says what that one said: byte by byte, with nothing between it and
  // the terminal, and only when the keys and the sizes came to which it was the answer.
  void WriteShell(const std::string& name, const std::string& session) {
    // Other sessions may run the real one.
    std::string script =
        fmt::format("#!/bin/sh\n[ \"$HOOP_SESSION_ID\" = {} ] || exec /bin/{} \"$@\"\n", session, name);
    const size_t begin = script.size();
    script += "stty raw -echo\ntrap : WINCH\n";
    bool started = false, ended = false;
    std::string said;
    for (const Event& event : recording_.events) {
      const PacketImage& packet = event.packet;
      if (event.leg != Leg::kAgent || packet.Get(spec::kSessionId) != session || ended) continue;
      if (packet.type == packet::kAgentTerminalWriteStdin) {
        // The first one starts the command.
        if (std::exchange(started, true))
          script += fmt::format("dd bs=1 count={} of=/dev/null 2>/dev/null\n", packet.payload.size());
      } else if (packet.type == packet::kAgentTerminalResize) {
        script += AwaitSize(packet.payload);
      } else if (packet.type == packet::kClientWriteStdout) {
        said += packet.payload;
        script += fmt::format("printf '{}'\n", Octal(packet.payload));
      } else if (packet.type == packet::kClientSessionClose || packet.type == packet::kAgentSessionClose) {
        ended = true;
        script += EndOf(packet);
      }
    }
    if (said.empty()) script.insert(begin, "printf '$ '\nexec sleep 1000\n");  // ours runs it, at least
    const std::string path = folder_.file(name);
    std::ofstream(path) << script << "exec sleep 1000\n";
    ::chmod(path.c_str(), 0755);
  }
  static std::string Octal(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    return text;
  }
  // "rows,columns,0,0". A signal ends the wait for the sleep.
  static std::string AwaitSize(std::string size) {
    const size_t comma = size.find(',');
    const std::string rows = size.substr(0, comma);
    const std::string columns = size.substr(comma + 1, size.find(',', comma + 1) - comma - 1);
    return fmt::format("while [ \"$(stty size)\" != '{} {}' ]; do sleep 1 & wait $!; done\n", rows, columns);
  }
  static std::string EndOf(const PacketImage& close) {
    if (close.type == packet::kAgentSessionClose) return "";  // it is ended from outside
    if (close.payload.ends_with("signal: killed")) return "kill -9 $$\n";
    return fmt::format("exit {}\n", close.Get(spec::kExitCode));
  }

  // ---- What our agent says -----------------------------------------------------------------------------------------

  static std::string LineOf(const PacketImage& packet) {
    return packet.Get(spec::kSessionId) + " " + packet.Get(spec::kConnectionId);
  }

  // What was said for one connection id: bytes, and which of them are true.
  struct Speech {
    std::string bytes;
    std::string known;  // 'y' or '.'
    void Add(const PacketImage& packet) {
      bytes += packet.payload;
      known.append(packet.true_bytes, 'y').append(packet.payload.size() - packet.true_bytes, '.');
    }
    bool Contradicts(const Speech& other) const {
      for (size_t i = 0; i < std::min(bytes.size(), other.bytes.size()); ++i) {
        if (known[i] == 'y' && bytes[i] != other.bytes[i]) return true;
      }
      return false;
    }
  };
  // Who said what, by type and line; which sessions and lines were opened and closed.
  struct Summary {
    std::map<std::pair<std::string, std::string>, Speech> speeches;
    std::set<std::string> opened, closed;

    explicit Summary(const Transcript& transcript) {
      for (const PacketImage& packet : transcript.packets) {
        if (IsData(packet.type)) speeches[{packet.type, LineOf(packet)}].Add(packet);
        if (packet.type == packet::kClientSessionOpenOk) opened.insert(packet.Get(spec::kSessionId));
        if (packet.type == packet::kClientSessionClose) closed.insert(packet.Get(spec::kSessionId));
        if (packet.type == packet::kClientConnectionClose) closed.insert(LineOf(packet));
      }
    }
  };

  // Until ours has said what was recorded so far, as far as anybody may wait for it: not for what was closed, and not
  // once it says something else.
  void AwaitRecorded() {
    const Summary recorded(recorded_);
    const bool came = gateway_.WaitUntil([&] {
      Summary ours(call_->transcript);
      const auto is_over = [&](const std::string& line) {
        const std::string session = line.substr(0, line.find(' '));
        if (!opened_.contains(session)) return true;  // of a session before the recording
        return ours.closed.contains(line) || ours.closed.contains(session) || closed_.contains(line) ||
               closed_.contains(session);
      };
      for (const auto& [line, speech] : recorded.speeches) {
        const Speech& mine = ours.speeches[line];
        const bool is_said = mine.bytes.size() >= speech.bytes.size() || speech.Contradicts(mine);
        if (!is_said && !is_over(line.second)) return false;
      }
      const auto is_open = [&](const std::string& id) { return ours.opened.contains(id) || is_over(id); };
      // Ours may do what the recorded one refused: then it goes its own way.
      const auto is_ended = [&](const std::string& id) {
        const bool goes_on = std::any_of(ours.speeches.begin(), ours.speeches.end(), [&](const auto& speech) {
          return speech.first.second.starts_with(id) && !recorded.speeches.contains(speech.first);
        });
        return goes_on || is_over(id);
      };
      return std::all_of(recorded.opened.begin(), recorded.opened.end(), is_open) &&
             std::all_of(recorded.closed.begin(), recorded.closed.end(), is_ended);
    });
    if (!came) differences_.push_back({"A>G timeout", "the agent did not say in time what was recorded"});
  }

  // A service that ends behind its last word does so before its user, who was told then.
  void AwaitServiceEnd(const std::string& line) {
    const Summary recorded(recorded_);
    for (const auto& [key, speech] : recorded.speeches) {
      const std::string& said = speech.bytes;
      const bool ends =
          said.ends_with("closing\n") || said.starts_with("bye ") || said.find("57P01") != std::string::npos;
      if (key.second != line || !ends) continue;
      gateway_.WaitUntil([&] { return Summary(call_->transcript).closed.contains(line); });
    }
  }

  void AwaitCount(size_t count) {
    gateway_.WaitUntil([&] { return call_->transcript.packets.size() >= count || call_->is_over; });
  }

  // Everything the current stream is about has happened.
  void Settle() {
    if (call_ == nullptr) return;
    AwaitRecorded();
    const bool is_open = !call_->is_over && our_agent_ != nullptr && our_agent_->connected();
    if (is_open) {
      gateway_.Send(*call_, Packet(packet::kAgentSessionOpen, {{spec::kSessionId, kFence}}));
      gateway_.WaitUntil([this] {
        return call_->is_over ||
               std::any_of(call_->transcript.packets.begin(), call_->transcript.packets.end(),
                           [](const PacketImage& packet) { return packet.Get(spec::kSessionId) == kFence; });
      });
    }
    Transcript ours = gateway_.Said(*call_);
    std::erase_if(ours.packets, [](const PacketImage& packet) { return packet.Get(spec::kSessionId) == kFence; });
    if (recording_.Open(stream_) == nullptr) {  // keepalives have the phase of a beginning that nobody saw
      for (Transcript* transcript : {&ours, &recorded_}) {
        std::erase_if(transcript->packets, [](const PacketImage& packet) { return packet.type == packet::kKeepAlive; });
      }
    }
    for (Difference& difference : Compare("A>G", recorded_, ours, {}, Order::kConnection)) {
      difference.detail = fmt::format("stream {}: {}", stream_, difference.detail);
      differences_.push_back(std::move(difference));
    }
    recorded_ = {};
    opened_.clear();
    closed_.clear();
    to_send_.clear();
    call_ = nullptr;
  }

  void CompareHeaders(const Event& open) {
    // Of the transport, or of the Go toolchain: no gateway needs them.
    static const std::set<std::string> ignored = {"content-type", "grpc-accept-encoding", "go-version", "compiler",
                                                  "apiv2"};
    for (const auto& [name, value] : open.metadata.entries()) {
      if (ignored.contains(name)) continue;
      const bool is_there = std::any_of(call_->metadata.entries().begin(), call_->metadata.entries().end(),
                                        [&name = name](const auto& entry) { return entry.first == name; });
      if (!is_there) differences_.push_back({"A>G headers -" + name, value});
    }
    if (call_->metadata.Get(header::kOrigin) != "agent") differences_.push_back({"A>G headers origin", ""});
  }

  const Recording& recording_;
  const std::string agent_;
  std::vector<Difference> differences_;
  testing::TempFolder folder_;
  ManualClock clock_;
  int64_t now_ms_ = 0;
  std::map<std::string, std::unique_ptr<Target>> targets_;  // by connection
  ScriptedGateway gateway_;
  std::unique_ptr<Target> rest_;
  std::unique_ptr<Agent> our_agent_;
  size_t calls_ = 0;
  size_t questions_ = 0;
  ScriptedGateway::Question* question_ = nullptr;
  ScriptedGateway::Call* call_ = nullptr;
  int stream_ = 0;
  Transcript recorded_;           // of the current stream, so far
  std::set<std::string> opened_;  // by the gateway: sessions
  std::set<std::string> closed_;  // by the gateway: sessions and lines
  std::vector<Packet> to_send_;   // with the next one
};

}  // namespace

Played PlayAgent(const Recording& recording) {
  std::vector<std::string> agents;
  for (const Event& event : recording.events) {
    // Keepalives of agents that the conversation is not about show nothing.
    const bool is_told = event.kind == Event::Kind::kOpen || (!event.from_peer && event.kind == Event::Kind::kPacket);
    if (event.leg == Leg::kClient || !is_told) continue;
    const std::string name = AgentPlayer::NameOf(recording, event.stream);
    if (std::find(agents.begin(), agents.end(), name) == agents.end()) agents.push_back(name);
  }
  if (agents.empty()) return std::nullopt;
  std::vector<Difference> all;
  for (const std::string& agent : agents) {
    for (Difference& difference : AgentPlayer(recording, agent).Play()) all.push_back(std::move(difference));
  }
  return all;
}

}  // namespace hoop::replay

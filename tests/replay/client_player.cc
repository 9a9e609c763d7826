// Plays recorded gateways against our command line's classes: ExecRun and ConnectRun over streams in memory, local
// programs by script, time by hand.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/status.h"
#include "client/connect_run.h"
#include "client/exec_run.h"
#include "client/proxy_manager_run.h"
#include "tests/client/fake_gateway.h"
#include "tests/client/fake_socket.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/replay/players.h"
#include "wire/gob.h"
#include "wire/machine_headers.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop::replay {
namespace {

class GivenInput final : public ClientInput {
 public:
  explicit GivenInput(std::string text) : text_(std::move(text)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, text_.size() - position_);
    text_.copy(buffer, count, position_);
    position_ += count;
    return count;
  }
  void Stop() override {}

 private:
  const std::string text_;
  size_t position_ = 0;
};

// A terminal at which nobody sits: keys come from the recording, what it shows is not looked at.
class PlayedTerminal final : public ClientTerminal, public ClientInput, public ClientOutput {
 public:
  absl::Status Begin() override { return absl::OkStatus(); }
  void End() override {}
  TerminalSize Size() override { return size; }
  ClientInput& input() override { return *this; }
  ClientOutput& output() override { return *this; }

  absl::StatusOr<size_t> Read(char* buffer, size_t room) override {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(
        +[](PlayedTerminal* self) { return self->stopped_ || !self->keys_.empty(); }, this));
    const size_t count = keys_.copy(buffer, room);
    keys_.erase(0, count);
    return count;
  }
  void Stop() override {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  absl::Status Write(Channel, std::string_view) override { return absl::OkStatus(); }

  void Type(std::string_view keys) {
    absl::MutexLock lock(&mu_);
    keys_ += keys;
  }
  // "rows,cols,x,y"
  void Resize(const std::string& text) {
    int rows = 0, columns = 0;
    std::sscanf(text.c_str(), "%d,%d", &rows, &columns);
    size.rows = static_cast<uint16_t>(rows);
    size.columns = static_cast<uint16_t>(columns);
  }

  TerminalSize size;

 private:
  absl::Mutex mu_;
  std::string keys_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

class KeptOutput final : public ClientOutput {
 public:
  absl::Status Write(Channel, std::string_view) override { return absl::OkStatus(); }
};

// What the real command line's process returned; recordings without a line tell none.
struct ExitCode {
  std::string_view recording;
  int code;
};
constexpr ExitCode kExitCodes[] = {{"packets/tcp_target_refuses", 254},
                                   {"packets/agent_offline", 1},
                                   {"packets/unknown_connection", 1},
                                   {"packets/wrong_token", 1},
                                   {"packets/exec_on_tcp", 1},
                                   {"packets/exec_agent26_no_library", 1},
                                   {"packets/exec_agent24_exit3", 3},
                                   {"packets/exec_agent24_ok_args", 0},
                                   {"packets/exec_agent24_not_found", 127},
                                   {"packets/exec_agent24_signal", 255},
                                   {"packets/pty_agent24", 7},
                                   {"packets/review_connect_rejected", 1},
                                   {"packets/review_exec_approved", 0},
                                   {"packets/session_killed", 1},
                                   {"packets/agent_killed", 1},
                                   {"packets/gateway_shutdown", 1},
                                   {"packets24/exec-exit3", 3},
                                   {"packets24/exec-ok", 0},
                                   {"packets24/exec-empty", 0},
                                   {"packets24/exec-notfound-path", 127},
                                   {"packets24/exec-signal", 255}};

class ClientPlayer final {
 public:
  ClientPlayer(const Recording& recording, int stream) : recording_(recording), stream_(stream) {}

  std::vector<Difference> Play() {
    for (const Event& event : recording_.events) {
      if (event.stream != stream_) continue;
      PassTime(event.time_ms);
      Do(event);
      loop_.Turn();
    }
    loop_.Advance(absl::Seconds(1));
    CompareAll();
    return std::move(differences_);
  }

 private:
  void PassTime(int64_t until_ms) {
    if (until_ms > now_ms_) loop_.Advance(absl::Milliseconds(until_ms - now_ms_));
    now_ms_ = std::max(now_ms_, until_ms);
  }

  // ---- The run -----------------------------------------------------------------------------------------------------

  const PacketImage* First(packet::Type type) const {
    for (const Event& event : recording_.events) {
      if (event.stream == stream_ && event.packet.type == type) return &event.packet;
    }
    return nullptr;
  }
  // The first packet tells what the user typed.
  const PacketImage& FirstOpen() const {
    static const PacketImage kNone;
    const PacketImage* open = First(packet::kAgentSessionOpen);
    return open != nullptr ? *open : kNone;
  }

  SessionPlan MakePlan(const Metadata& recorded) const {
    const PacketImage& open = FirstOpen();
    SessionPlan plan;
    plan.request.connection = recorded.Get(header::kConnectionName);
    if (auto args = DecodeGobStrings(open.Get(spec::kTerminalArgs)); args.ok()) plan.request.args = *args;
    if (auto variables = DecodeGobStringMap(open.Get(spec::kTerminalEnvVars)); variables.ok()) {
      for (const auto& [key, value] : *variables) {
        plan.request.env[key.substr(key.find(':') + 1)] = *Base64Decode(value);
      }
    }
    plan.metadata.Add("authorization", "Bearer token");
    plan.metadata.Add("origin", "client");
    plan.metadata.Add("verb", std::string(recorded.Get(header::kVerb)));
    plan.metadata.Add("connection-name", plan.request.connection);
    AddMachineHeaders(plan.metadata, "unknown");
    plan.keep_alive_at_once = recorded.Get(header::kVerb) == "exec";
    return plan;
  }

  void Start(const Event& open) {
    if (open.metadata.Get(header::kOrigin) == "client-proxymanager") return StartProxyManager(open.metadata);
    const auto done = [this](absl::StatusOr<SessionResult> result) { result_ = std::move(result); };
    SessionPlan plan = MakePlan(open.metadata);
    if (open.metadata.Get(header::kVerb) == "exec") {
      input_ = std::make_unique<GivenInput>(FirstOpen().payload);
      exec_ =
          std::make_unique<ExecRun>(loop_, gateway_, std::move(plan), ExecRun::Ports{*input_, output_, events_}, done);
      exec_->Start();
      loop_.TurnUntil([this] { return !gateway_.streams.empty(); });  // its input is read on a thread
    } else {
      if (const PacketImage* size = First(packet::kAgentTerminalResize)) terminal_.Resize(size->payload);
      connect_ = std::make_unique<ConnectRun>(
          loop_, gateway_, std::move(plan), ListenOptions(),
          ConnectRun::Ports{
              .listen = [this](const Address& address,
                               ConnectRun::Accepted accepted) { return door_.Listen(address, std::move(accepted)); },
              .terminal = &terminal_,
              .events = events_},
          done);
      connect_->Start();
    }
    loop_.Turn();
    CompareHeaders(open.metadata);
  }

  void StartProxyManager(const Metadata& recorded) {
    SessionPlan plan;
    plan.metadata.Add("authorization", "Bearer token");
    plan.metadata.Add("origin", std::string(recorded.Get(header::kOrigin)));
    plan.metadata.Add("verb", std::string(recorded.Get(header::kVerb)));
    AddMachineHeaders(plan.metadata, "unknown");
    plan.is_ordered = true;
    proxy_manager_ = std::make_unique<ProxyManagerRun>(
        loop_, gateway_, std::move(plan),
        [this] {
          return [this](const Address& address, ConnectRun::Accepted accepted) {
            return door_.Listen(address, std::move(accepted));
          };
        },
        events_, [](const absl::Status&) {});
    proxy_manager_->Start();
    loop_.Turn();
    CompareHeaders(recorded);
  }

  // ---- Programs and gateway ----------------------------------------------------------------------------------------

  void Do(const Event& event) {
    if (event.kind == Event::Kind::kOpen) return Start(event);
    if (gateway_.streams.empty()) return;
    if (event.from_peer) {
      if (event.kind == Event::Kind::kPacket) Provoke(event.packet);
      if (event.kind == Event::Kind::kPeerLeft && !result_) Cancel();
      return;
    }
    if (event.kind == Event::Kind::kEnd) return gateway_.control().Finish(event.status);
    gateway_.control().Send(WithOurIds(event.packet).ToPacket());
    loop_.Turn();
    if (event.packet.type == packet::kClientSessionClose) Await();
  }

  // Output is written on a thread before the run is over.
  void Await() {
    if (exec_ != nullptr || started_) loop_.TurnUntil([this] { return result_.has_value(); });
  }
  void Cancel() {
    if (exec_ != nullptr) exec_->Cancel();
    if (connect_ != nullptr) connect_->Cancel();
    if (proxy_manager_ != nullptr) proxy_manager_->Cancel();
  }

  // What a program did that made the recorded client say this.
  void Provoke(const PacketImage& packet) {
    recorded_.packets.push_back(packet);
    if (packet.type == packet::kAgentTerminalWriteStdin) return Type(packet.payload);
    if (packet.type == packet::kAgentTerminalResize) return Resize(packet.payload);
    const std::string id = packet.Get(spec::kConnectionId);
    if (id.empty()) return;
    if (!programs_.contains(id)) {
      door_.Enter(programs_[id]);
      names_[id] = fmt::format("{:06}", programs_.size());
    }
    SocketScript& program = programs_[id];
    if (packet.type == packet::kAgentConnectionClose) {
      program.SayEnd();  // also when it saw an end itself
    } else if (!packet.payload.empty()) {
      program.Say(packet.payload);
    }
  }

  // The first byte starts the command, which ours does by itself; keys are read on a thread.
  void Type(const std::string& keys) {
    if (!std::exchange(started_, true)) return;
    const size_t before = gateway_.stream(0).Payloads(packet::kAgentTerminalWriteStdin).size();
    terminal_.Type(keys);
    loop_.TurnUntil([&] {
      return result_ || gateway_.stream(0).Payloads(packet::kAgentTerminalWriteStdin).size() >= before + keys.size();
    });
  }
  void Resize(const std::string& text) {
    if (!std::exchange(sized_, true)) return;
    terminal_.Resize(text);
    connect_->OnTerminalResized();
  }

  PacketImage WithOurIds(PacketImage packet) {
    auto id = packet.spec.find(std::string(spec::kConnectionId));
    if (id == packet.spec.end()) return packet;
    if (const auto ours = names_.find(id->second); ours != names_.end()) id->second = ours->second;
    return packet;
  }

  // ---- What it said ------------------------------------------------------------------------------------------------

  void CompareHeaders(const Metadata& recorded) {
    // Of the transport, or of the Go toolchain: no gateway needs them.
    static const std::set<std::string> ignored = {
        "content-type", "grpc-accept-encoding", "user-agent", "go-version", "compiler", "apiv2"};
    if (gateway_.streams.empty()) return;
    const Metadata& ours = gateway_.control().metadata();
    for (const auto& [name, value] : recorded.entries()) {
      if (ignored.contains(name)) continue;
      const bool is_there = std::any_of(ours.entries().begin(), ours.entries().end(),
                                        [&name = name](const auto& entry) { return entry.first == name; });
      if (!is_there) differences_.push_back({"C>G headers -" + name, value});
    }
  }

  void CompareAll() {
    Transcript ours;
    if (!gateway_.streams.empty()) {
      for (const Packet& packet : gateway_.stream(0).packets) ours.packets.push_back(PacketImage::Of(packet));
    }
    for (Difference& difference : Compare("C>G", recorded_, ours, {.connections = names_}, Order::kConnection)) {
      difference.detail = fmt::format("stream {}: {}", stream_, difference.detail);
      differences_.push_back(std::move(difference));
    }
    // A proxy manager comes back for the next order, as recorded: on a stream of its own.
    if (gateway_.dials > 1 && proxy_manager_ == nullptr) differences_.push_back({"C>G +reconnect", ""});
    for (const ExitCode& exit : kExitCodes) {
      if (exit.recording != recording_.name || gateway_.dials > 1) continue;
      const std::string code = !result_ ? "none" : result_->ok() ? std::to_string((*result_)->exit_code) : "1";
      if (code != std::to_string(exit.code)) {
        differences_.push_back(
            {fmt::format("exit {} > {}", exit.code, code), result_ ? result_->status().ToString() : ""});
      }
    }
  }

  const Recording& recording_;
  const int stream_;
  std::vector<Difference> differences_;
  std::map<std::string, SocketScript> programs_;  // by recorded connection id; outlive the run's sockets
  std::map<std::string, std::string> names_;      // recorded connection id -> ours
  ManualClock clock_;
  WaitingLoop loop_{clock_};
  int64_t now_ms_ = 0;
  FakeGateway gateway_{loop_};
  FakeDoor door_;
  KeptEvents events_;
  std::unique_ptr<GivenInput> input_;
  KeptOutput output_;
  PlayedTerminal terminal_;
  bool started_ = false;  // the command on the terminal
  bool sized_ = false;
  Transcript recorded_;
  std::optional<absl::StatusOr<SessionResult>> result_;
  std::unique_ptr<ExecRun> exec_;
  std::unique_ptr<ConnectRun> connect_;
  std::unique_ptr<ProxyManagerRun> proxy_manager_;
};

}  // namespace

Played PlayClient(const Recording& recording) {
  std::vector<Difference> all;
  bool any = false;
  for (int stream : recording.Streams(Leg::kClient)) {
    if (recording.Open(stream) == nullptr) continue;
    any = true;
    for (Difference& difference : ClientPlayer(recording, stream).Play()) all.push_back(std::move(difference));
  }
  if (!any) return std::nullopt;
  return all;
}

}  // namespace hoop::replay

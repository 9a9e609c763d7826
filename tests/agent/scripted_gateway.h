// The gateway's side of an agent as a test plays it: memory streams to a real GatewayLink with a real warden.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/gateway_link.h"
#include "agent/salted_passwords.h"
#include "agent/tls_contexts.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/worker.h"
#include "tests/agent/warden_fixture.h"
#include "transport/memory_stream.h"
#include "wire/connection_params.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {

// A packet as the test's thread may look at it.
struct SeenPacket {
  std::string type;
  std::string payload;
  std::map<std::string, std::string> spec;

  std::string Get(std::string_view key) const {
    auto found = spec.find(std::string(key));
    return found == spec.end() ? "<absent>" : found->second;
  }
};

class ScriptedGateway : public GatewayLink::Owner {
 public:
  // One stream that the agent opened.
  struct Stream final : PacketStream::Receiver {
    explicit Stream(ScriptedGateway& owner) : gateway(owner) {}
    void OnPacket(Packet packet) override { gateway.See(*this, packet); }
    void OnEnd(const absl::Status& status) override {
      absl::MutexLock lock(&gateway.mu_);
      end = status;
    }
    void OnPeerDone() override { stream->Finish(absl::OkStatus()); }

    ScriptedGateway& gateway;
    std::unique_ptr<PacketStream> stream;
    std::string token;
    std::vector<SeenPacket> seen;
    std::optional<absl::Status> end;
  };

  explicit ScriptedGateway(std::string capabilities = "1;streams,chunks,ping") {
    agent.OnLoop([&] {
      link_ = std::make_unique<GatewayLink>(context, OpenStream({}), *this);
      Packet ok(packet::kAgentConnectOk);
      if (!capabilities.empty()) ok.AppendSpec(spec::kCapabilities, capabilities);
      control().stream->Send(std::move(ok));
    });
  }
  ~ScriptedGateway() override {
    agent.OnLoop([&] {
      link_.reset();
      streams_.clear();
    });
    WaitUntilNoProcess();
  }

  // Of any command.
  bool WaitUntilNoProcess() {
    absl::Notification idle;
    agent.loop.Post([&] { agent.link.WhenIdle([&idle] { idle.Notify(); }); });
    return idle.WaitForNotificationWithTimeout(kTestPatience);
  }

  std::unique_ptr<PacketStream> OpenStream(const Metadata& headers) override {
    MemoryStreamPair pair = MakeMemoryStreamPair(agent.loop, headers);
    auto stream = std::make_unique<Stream>(*this);
    stream->stream = std::move(pair.listening);
    stream->token = headers.Get(header::kStreamToken);
    stream->stream->SetReceiver(stream.get());
    absl::MutexLock lock(&mu_);
    streams_.push_back(std::move(stream));
    return std::move(pair.dialling);
  }
  void OnConnected(Capabilities) override {}
  void OnLinkEnd(const absl::Status&) override { agent.loop.DestroyLater(std::move(link_)); }

  Stream& control() { return *streams_[0]; }
  Stream* WaitForStream(std::string_view token) {
    Stream* found = nullptr;
    WaitUntil([&] {
      for (const auto& stream : streams_) {
        if (stream->token == token) found = stream.get();
      }
      return found != nullptr;
    });
    return found;
  }

  bool WaitUntil(const std::function<bool()>& happened) {
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&happened, &std::function<bool()>::operator()), kTestPatience);
  }
  // The first packet of `type` on `stream`, as soon as there is one.
  SeenPacket WaitFor(Stream& stream, std::string_view type) {
    SeenPacket result{.type = "<none>"};
    WaitUntil([&] {
      for (const SeenPacket& packet : stream.seen) {
        if (packet.type != type) continue;
        result = packet;
        return true;
      }
      return false;
    });
    return result;
  }
  // All payloads of `type` joined, as soon as they have `bytes`.
  std::string WaitForBytes(Stream& stream, std::string_view type, size_t bytes) {
    std::string result;
    WaitUntil([&] {
      size_t there = 0;
      for (const SeenPacket& packet : stream.seen) there += packet.type == type ? packet.payload.size() : 0;
      if (there >= bytes) result = Joined(stream, type);
      return there >= bytes;
    });
    return result;
  }
  size_t Count(Stream& stream, std::string_view type) {
    absl::MutexLock lock(&mu_);
    size_t count = 0;
    for (const SeenPacket& packet : stream.seen) count += packet.type == type ? 1 : 0;
    return count;
  }
  static std::string Joined(const Stream& stream, std::string_view type) {
    std::string result;
    for (const SeenPacket& packet : stream.seen) result += packet.type == type ? packet.payload : "";
    return result;
  }

  void Send(Stream& stream, Packet packet) {
    agent.OnLoop([&] { stream.stream->Send(std::move(packet)); });
  }
  void SetReading(Stream& stream, bool reading) {
    agent.OnLoop([&] { stream.stream->SetReading(reading); });
  }
  void End(Stream& stream) {
    agent.OnLoop([&] { stream.stream->Finish(Unavailable("scripted end")); });
  }

  // AgentSessionOpen; with a token for sessions that get a stream of their own.
  void Open(std::string_view session_id, const AgentConnectionParams& params, std::string_view token = "",
            const std::map<std::string, std::string>& user_variables = {}) {
    Packet open(packet::kAgentSessionOpen, {{spec::kSessionId, session_id},
                                            {spec::kConnectionType, params.connection_type},
                                            {spec::kConnectionParams, EncodeConnectionParams(params)}});
    if (!token.empty()) open.AppendSpec(spec::kStreamToken, token);
    if (!user_variables.empty()) open.AppendSpec(spec::kTerminalEnvVars, EncodeGobStringMap(user_variables));
    Send(control(), std::move(open));
  }
  void StopAgent() {
    agent.OnLoop([&] { link_->CloseSessions("the agent was stopped"); });
  }
  // A connection id with a stream of its own.
  Stream& Connect(std::string_view session_id, std::string_view connection_id, std::string_view token) {
    Send(control(),
         Packet(packet::kAgentStreamOpen,
                {{spec::kSessionId, session_id}, {spec::kConnectionId, connection_id}, {spec::kStreamToken, token}}));
    return *WaitForStream(token);
  }

  WardenFixture agent;
  Worker worker{"test-worker", 16};
  std::map<std::string, std::string> environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/root"}, {"OWN", "agent's"}};
  TlsContexts tls_contexts{agent.loop, worker};
  SaltedPasswords salted_passwords{agent.loop, worker};
  AgentContext context{agent.loop, agent.link, tls_contexts, salted_passwords, environment, Log()};

 private:
  void See(Stream& stream, const Packet& packet) {
    SeenPacket seen{std::string(packet.type()), std::string(packet.payload()), {}};
    for (size_t i = 0; i < packet.spec_size(); ++i) {
      seen.spec[std::string(packet.spec_at(i).key)] = packet.spec_at(i).value;
    }
    absl::MutexLock lock(&mu_);
    stream.seen.push_back(std::move(seen));
  }

  absl::Mutex mu_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::unique_ptr<GatewayLink> link_;
};

inline AgentConnectionParams ExecParams(std::vector<std::string> command) {
  return {.connection_name = "bash",
          .connection_type = "command-line",
          .user_id = "ada",
          .command = std::move(command),
          .client_verb = "exec"};
}

inline AgentConnectionParams NetworkParams(std::string type, std::map<std::string, std::string> variables) {
  AgentConnectionParams params{.connection_name = "net", .connection_type = std::move(type), .client_verb = "connect"};
  for (const auto& [name, value] : variables) params.env_vars["envvar:" + name] = Base64Encode(value);
  return params;
}

}  // namespace hoop

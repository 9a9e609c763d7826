#include "hoop/agent.h"

#include <atomic>
#include <deque>

#include "base/status.h"
#include "net/listener.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "transport/grpc_server.h"
#include "wire/pre_connect.h"

namespace hoop {
namespace {

class Events final : public LogSink {
 public:
  bool Wants(LogLevel) const override { return true; }
  void Write(LogLevel level, std::string_view event, const std::vector<LogField>& fields) override {
    std::string line(event);
    for (const LogField& field : fields) line += fmt::format(" {}={}", field.key, field.value);
    absl::MutexLock lock(&mu_);
    lines_.push_back(line);
    if (level == LogLevel::kWarning) warnings_ += line + "\n";
  }
  // The first line that begins with `event`.
  std::string WaitFor(std::string_view event) {
    std::string found;
    const std::function<bool()> seen = [&] {
      for (const std::string& line : lines_) {
        if (line.starts_with(event)) found = line;
      }
      return !found.empty();
    };
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(&seen, &std::function<bool()>::operator()), kTestPatience);
    return found;
  }
  std::string Warnings() {
    absl::MutexLock lock(&mu_);
    return warnings_;
  }
  std::string All() {
    absl::MutexLock lock(&mu_);
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  absl::Mutex mu_;
  std::vector<std::string> lines_;
  std::string warnings_;
};

// A gateway that accepts one agent over a real socket, or refuses every stream.
class RealGateway final : public GrpcServer::Delegate {
 public:
  RealGateway() {
    OnLoop([this] {
      server_ = std::make_unique<GrpcServer>(loop_, *this);
      listener_ = *Listen(loop_, Address{"127.0.0.1", 0},
                          [this](std::unique_ptr<ByteStream> bytes) { server_->Accept(std::move(bytes)); });
      port = listener_->address().port;
    });
  }
  ~RealGateway() override {
    OnLoop([this] {
      listener_.reset();
      streams_.clear();
      server_.reset();
    });
  }

  void OnLoop(absl::AnyInvocable<void()> task) {
    absl::Notification done;
    loop_.Post([&] {
      task();
      done.Notify();
    });
    done.WaitForNotification();
  }

  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    absl::MutexLock lock(&mu_);
    metadata_.push_back(stream->metadata());
    if (!refusal.ok()) {
      stream->Finish(refusal);
      refused_.push_back(std::move(stream));
      return;
    }
    connection.Authenticated("peer");
    streams_.push_back(std::make_unique<Side>(*this, std::move(stream)));
    if (streams_.size() > 1) return;
    streams_[0]->stream->Send(Packet(packet::kAgentConnectOk, {{spec::kCapabilities, "1;streams,chunks,ping"}}));
  }
  void OnUnary(std::unique_ptr<UnaryCall> call) override {
    absl::MutexLock lock(&mu_);
    asked_.push_back({call->metadata(), std::string(call->request())});
    if (answers.empty()) return call->Answer(Unimplemented("unary"));
    call->connection()->Authenticated("peer");
    call->Answer(answers.front());
    if (answers.size() > 1) answers.pop_front();  // the last one stays
  }
  // True as soon as so many questions came; time passes meanwhile.
  bool WaitForQuestions(size_t count, ManualClock& clock) {
    for (int i = 0; i < 200; ++i) {
      const auto is_there = [this, count] { return asked_.size() >= count; };
      {
        absl::MutexLock lock(&mu_);
        if (mu_.AwaitWithTimeout(absl::Condition(&is_there), kTestPatience / 200)) return true;
      }
      clock.Advance(absl::Seconds(1));
    }
    return false;
  }

  bool WaitUntil(const std::function<bool()>& happened) {
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&happened, &std::function<bool()>::operator()), kTestPatience);
  }
  void Send(Packet packet, size_t stream = 0) {
    OnLoop([&] { streams_[stream]->stream->Send(std::move(packet)); });
  }
  void EndStreams() {
    OnLoop([&] {
      for (auto& side : streams_) side->stream->Finish(Unavailable("scripted end"));
    });
  }
  bool WaitForPacket(std::string_view type, std::string_view payload) {
    return WaitUntil([&] {
      return std::any_of(seen_.begin(), seen_.end(),
                         [&](const SeenPacket& packet) { return packet.type == type && packet.payload == payload; });
    });
  }

  absl::Status refusal;
  uint16_t port = 0;
  std::vector<Metadata> metadata_;
  std::deque<absl::StatusOr<std::string>> answers;  // to PreConnect
  std::vector<std::pair<Metadata, std::string>> asked_;

 private:
  struct Side final : PacketStream::Receiver {
    Side(RealGateway& owner, std::unique_ptr<PacketStream> side) : gateway(owner), stream(std::move(side)) {
      stream->SetReceiver(this);
    }
    void OnPacket(Packet packet) override {
      absl::MutexLock lock(&gateway.mu_);
      gateway.seen_.push_back({std::string(packet.type()), std::string(packet.payload()), {}});
    }
    void OnPeerDone() override { stream->Finish(absl::OkStatus()); }
    void OnEnd(const absl::Status&) override {}
    RealGateway& gateway;
    std::unique_ptr<PacketStream> stream;
  };

  absl::Mutex mu_;
  std::vector<SeenPacket> seen_;
  EventLoop loop_{Clock::System()};
  LoopThread thread_{loop_, "gateway"};
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<PacketStream>> refused_;
  std::vector<std::unique_ptr<Side>> streams_;
};

struct AgentUnderTest {
  explicit AgentUnderTest(uint16_t port, AgentOptions options = {}) {
    if (options.key.empty()) options.key = fmt::format("grpc://a1:xagt-s3cret@127.0.0.1:{}?mode=standard", port);
    options.version = "9.9";
    options.warden_command = {"/proc/self/exe", "warden"};
    options.runtime_dir = runtime.path();
    options.environment = {{"PATH", "/usr/bin:/bin"}};
    options.log = &events;
    auto created = Agent::Create(std::move(options));
    EXPECT_OK(created);
    agent = *std::move(created);
    EXPECT_OK(agent->Start());
  }
  TempFolder runtime;
  Events events;
  std::unique_ptr<Agent> agent;
};

TEST(Agent, ConnectsServesASessionAndStopsWithAWordToItsUsers) {
  RealGateway gateway;
  AgentUnderTest under_test(gateway.port);
  EXPECT_NE(under_test.events.WaitFor("connected to the gateway").find("capabilities=1;streams,chunks,ping"),
            std::string::npos);
  EXPECT_TRUE(under_test.agent->connected());
  EXPECT_EQ(gateway.metadata_[0].Get(header::kOrigin), "agent");
  EXPECT_EQ(gateway.metadata_[0].Get(header::kVersion), "9.9");
  EXPECT_EQ(gateway.metadata_[0].Get(header::kCapabilities), "1;streams,chunks,ping");
  EXPECT_EQ(gateway.metadata_[0].Get(header::kAuthorization),
            fmt::format("Bearer grpc://a1:xagt-s3cret@127.0.0.1:{}?mode=standard", gateway.port));
  EXPECT_TRUE(gateway.metadata_[0].Get(header::kUserAgent).starts_with("hoopagent/9.9"));
  EXPECT_TRUE(gateway.WaitForPacket(packet::kKeepAlive, ""));

  const AgentConnectionParams params = ExecParams({"sh", "-c", "echo up; sleep 1000"});
  gateway.Send(Packet(packet::kAgentSessionOpen, {{spec::kSessionId, "sid"},
                                                  {spec::kConnectionType, "command-line"},
                                                  {spec::kStreamToken, "token"},
                                                  {spec::kConnectionParams, EncodeConnectionParams(params)}}));
  EXPECT_TRUE(gateway.WaitForPacket(packet::kClientSessionOpenOk, ""));
  EXPECT_EQ(gateway.metadata_[1].Get(header::kStreamToken), "token");
  gateway.Send(Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, "sid"}}), 1);
  EXPECT_TRUE(gateway.WaitForPacket(packet::kClientWriteStdout, "up\n"));

  under_test.agent->Stop(kTestPatience);
  EXPECT_TRUE(gateway.WaitForPacket(packet::kClientSessionClose, "the agent was stopped"));
  EXPECT_FALSE(under_test.agent->connected());
  under_test.agent.reset();
  EXPECT_TRUE(under_test.runtime.List().empty());
  EXPECT_EQ(under_test.events.All().find("s3cret"), std::string::npos);
}

TEST(Agent, ARetiredOneTakesTheEndOfItsGatewayWithoutAWarning) {
  auto gateway = std::make_unique<RealGateway>();
  AgentUnderTest under_test(gateway->port);
  under_test.events.WaitFor("connected to the gateway");
  under_test.agent->Retire();
  gateway.reset();
  EXPECT_NE(under_test.events.WaitFor("gateway connection ended"), "");
  EXPECT_EQ(under_test.events.All().find("not connected"), std::string::npos) << under_test.events.All();
}

TEST(Agent, SaysARefusalAndTriesAgain) {
  RealGateway gateway;
  gateway.OnLoop([&] { gateway.refusal = FailedPrecondition("agent already connected"); });
  AgentUnderTest under_test(gateway.port);
  const std::string line = under_test.events.WaitFor("the gateway refused this agent");
  EXPECT_NE(line.find("code=FAILED_PRECONDITION reason=agent already connected"), std::string::npos) << line;
  gateway.OnLoop([&] { gateway.refusal = absl::OkStatus(); });
  EXPECT_NE(under_test.events.WaitFor("connected to the gateway"), "");
}

TEST(Agent, SaysWhichKeyIsToBeLookedAt) {
  RealGateway gateway;
  gateway.OnLoop([&] { gateway.refusal = Unauthenticated("invalid authentication"); });
  AgentUnderTest under_test(gateway.port);
  EXPECT_NE(
      under_test.events.WaitFor("the gateway refused this agent: is the key (HOOP_KEY) the right one, of this gateway? "
                                "`hoop admin create agent NAME` prints one"),
      "");
}

std::string Later(std::string_view why = "") { return EncodePreConnectResponse(kPreConnectLater, why); }
std::string Now() { return EncodePreConnectResponse(kPreConnectNow, ""); }

TEST(Agent, ARefusalOfWhatItBringsAlongIsNoWarning) {
  RealGateway gateway;
  gateway.answers = {Now()};
  gateway.OnLoop([&] { gateway.refusal = Unauthenticated("invalid authentication"); });
  AgentUnderTest under_test(gateway.port, {.key = fmt::format("grpc://_default:xagt-s3cret@127.0.0.1:{}", gateway.port),
                                           .connection = AgentConnection{.name = "runcon"}});
  EXPECT_NE(under_test.events.WaitFor("the gateway refused this agent"), "");
  EXPECT_EQ(under_test.events.Warnings(), "");
  EXPECT_STATUS(under_test.agent->last_error(), absl::StatusCode::kUnauthenticated, "invalid authentication");
}

TEST(Agent, SaysWhichKindOfKeyItHas) {
  const auto refusal = [](const std::string& key, std::optional<AgentConnection> connection) {
    return Agent::Create({.key = key, .connection = std::move(connection)}).status();
  };
  EXPECT_STATUS(refusal("grpc://a1:xagt-s@127.0.0.1:1?mode=standard", AgentConnection{.name = "runcon"}),
                absl::StatusCode::kInvalidArgument,
                "HOOP_KEY: it is the key of an agent of mode standard, which brings no connection along");
  for (const char* key : {"grpc://_default:xagt-s@127.0.0.1:1", "grpc://x:xagt-s@127.0.0.1:1?mode=multi-connection"}) {
    EXPECT_STATUS(refusal(key, std::nullopt), absl::StatusCode::kInvalidArgument,
                  "HOOP_KEY: it is the organization's key, for programs that bring a connection along (`hoop run`)");
  }
}

TEST(Agent, OnDemandConnectsWhenSomebodyWaits) {
  RealGateway gateway;
  gateway.answers = {Later(), Later(), Now()};
  ManualClock clock;
  AgentUnderTest under_test(gateway.port, {.key = fmt::format("grpc://_default:xagt-s3cret@127.0.0.1:{}", gateway.port),
                                           .connection = AgentConnection{.name = "runcon", .command = {"bash"}},
                                           .clock = &clock});
  EXPECT_EQ(under_test.agent->mode(), "multi-connection");
  ASSERT_TRUE(gateway.WaitForQuestions(1, clock));
  EXPECT_NE(under_test.events.WaitFor("waiting for somebody who wants this agent"), "");
  EXPECT_TRUE(under_test.agent->connected());
  EXPECT_TRUE(gateway.metadata_.empty());
  ASSERT_TRUE(gateway.WaitForQuestions(3, clock));
  EXPECT_NE(under_test.events.WaitFor("connected to the gateway"), "");
  const auto request = ParsePreConnectRequest(gateway.asked_[0].second);
  EXPECT_EQ(request->name, "runcon");
  EXPECT_EQ(request->type, "custom");
  EXPECT_EQ(request->command, std::vector<std::string>{"bash"});
  EXPECT_TRUE(request->env_vars.empty()) << "what only the agent needs stays with it";
  EXPECT_EQ(gateway.asked_[0].first.Get(header::kOrigin), "") << "as real agents ask";
  EXPECT_EQ(gateway.metadata_[0].Get(header::kConnectionName), "runcon");
  EXPECT_EQ(gateway.metadata_[0].Get(header::kOrigin), "agent");
}

TEST(Agent, OnDemandSaysWhyItsConnectionIsNotServed) {
  RealGateway gateway;
  gateway.answers = {Later("choose another name")};
  ManualClock clock;
  std::atomic<int> changes = 0;
  AgentUnderTest under_test(gateway.port, {.key = fmt::format("grpc://_default:xagt-s3cret@127.0.0.1:{}", gateway.port),
                                           .connection = AgentConnection{.name = "runcon"},
                                           .on_change = [&changes] { ++changes; },
                                           .clock = &clock});
  const std::string line = under_test.events.WaitFor("the gateway does not serve this agent's connection");
  EXPECT_NE(line.find("connection=runcon reason=choose another name"), std::string::npos) << line;
  EXPECT_FALSE(under_test.agent->connected());
  EXPECT_STATUS(under_test.agent->last_error(), absl::StatusCode::kInvalidArgument, "choose another name");
  EXPECT_GT(changes, 0);
  ASSERT_TRUE(gateway.WaitForQuestions(3, clock));
  EXPECT_EQ(under_test.events.All().find("does not serve"), under_test.events.All().rfind("does not serve")) << "once";
}

TEST(Agent, OnDemandAsksAgainWhenItsSessionsAreOver) {
  RealGateway gateway;
  gateway.answers = {Now(), Later()};
  ManualClock clock;
  AgentUnderTest under_test(
      gateway.port,
      {.key = fmt::format("grpc://emb:xagt-s3cret@127.0.0.1:{}?mode=embedded", gateway.port), .clock = &clock});
  EXPECT_EQ(under_test.agent->mode(), "embedded");
  EXPECT_NE(under_test.events.WaitFor("connected to the gateway"), "");
  EXPECT_EQ(gateway.asked_[0].second, "");
  EXPECT_EQ(gateway.metadata_[0].Get(header::kConnectionName), "");
  gateway.EndStreams();
  ASSERT_TRUE(gateway.WaitForQuestions(2, clock));
  EXPECT_EQ(gateway.metadata_.size(), 1u);
}

TEST(Agent, SaysThatNobodyListens) {
  uint16_t port = 0;
  { port = RealGateway().port; }
  AgentUnderTest under_test(port);
  EXPECT_NE(under_test.events.WaitFor("not connected to the gateway").find("Connection refused"), std::string::npos);
  EXPECT_FALSE(under_test.agent->connected());
}

TEST(Agent, RefusesKeysItCannotUse) {
  EXPECT_STATUS(Agent::Create({.key = "nonsense"}), absl::StatusCode::kInvalidArgument,
                "HOOP_KEY: not a key of a gateway: one is <scheme>");
  EXPECT_STATUS(Agent::Create({.key = "grpcs://a:xagt-x@gateway:8443?mode=standard", .tls = {.ca = "x"}}),
                absl::StatusCode::kInvalidArgument, "TLS_CA: no certificate in PEM form");
  EXPECT_STATUS(Agent::Create({.key = "grpc://a:xagt-x@gateway?mode=standard"}), absl::StatusCode::kInvalidArgument,
                "HOOP_KEY: address \"gateway\": no port");
}

}  // namespace
}  // namespace hoop

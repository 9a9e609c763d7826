#include "client/client_session.h"

#include <gtest/gtest.h>

#include "base/limits/agent.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "tests/client/fake_gateway.h"
#include "tests/fakes/manual_loop.h"
#include "tests/support/status_matchers.h"
#include "wire/gob.h"

namespace hoop {
namespace {

class ClientSessionTest : public ::testing::Test, public ClientSession::Delegate {
 protected:
  ClientSessionTest() {
    plan_.metadata.Add("authorization", "Bearer t");
    plan_.metadata.Add("origin", "client");
    plan_.metadata.Add("verb", "connect");
  }
  void Start() {
    session_ = std::make_unique<ClientSession>(loop_, gateway_, plan_, *this);
    session_->Start();
    loop_.TurnUntilIdle();
  }
  void Open(std::string_view caps = "") {
    Start();
    gateway_.SendOpenOk("postgres", caps);
    loop_.TurnUntilIdle();
  }
  size_t Opens() { return gateway_.control().Count(packet::kAgentSessionOpen); }

  void OnSessionOpen(const OpenedSession& session) override { opened_ = session; }
  void OnSessionPacket(Packet packet) override { packets_.push_back(std::move(packet)); }
  void OnSessionDrained() override {}
  void OnSessionNotice(const ClientEvent& event) override { notices_.push_back(event); }
  void OnSessionEnd(const SessionEnding& ending) override {
    ASSERT_FALSE(ending_);
    ending_ = ending;
    loop_.DestroyLater(std::move(session_));
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  FakeGateway gateway_{loop_};
  SessionPlan plan_;
  std::unique_ptr<ClientSession> session_;
  std::optional<OpenedSession> opened_;
  std::vector<Packet> packets_;
  std::vector<ClientEvent> notices_;
  std::optional<SessionEnding> ending_;
};

TEST_F(ClientSessionTest, OpensWithArgumentsVariablesAndCapabilities) {
  plan_.request = {.connection = "db", .args = {"-x", "a b"}, .env = {{"A", "1,2"}}, .duration = absl::Minutes(2)};
  plan_.input = "script";
  Start();
  const Metadata& metadata = gateway_.control().metadata();
  EXPECT_EQ(metadata.Get("authorization"), "Bearer t");
  EXPECT_EQ(metadata.Get("verb"), "connect");
  EXPECT_EQ(metadata.Get("hoop-caps"), "1;streams,chunks,ping");
  const Packet* open = gateway_.control().Last(packet::kAgentSessionOpen);
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->payload(), "script");
  EXPECT_EQ(DecodeGobStrings(open->SpecText(spec::kTerminalArgs)).value(), plan_.request.args);
  const auto variables = DecodeGobStringMap(open->SpecText(spec::kTerminalEnvVars)).value();
  EXPECT_EQ(variables.at("envvar:A"), "MSwy");
  EXPECT_EQ(open->SpecText(spec::kJitTimeout), "120s");
}

TEST_F(ClientSessionTest, TellsWhatWasOpenedAndGranted) {
  Open("1;streams,ping,unheard");
  ASSERT_TRUE(opened_);
  EXPECT_EQ(opened_->id, kTestSession);
  EXPECT_EQ(opened_->connection_type, "postgres");
  EXPECT_EQ(opened_->granted, (Capabilities{.streams = true, .ping = true}));
  EXPECT_EQ(gateway_.ping_interval, limits::kPingInterval);
}

TEST_F(ClientSessionTest, OldGatewaysGetNoPings) {
  Open();
  EXPECT_EQ(opened_->granted, Capabilities());
  EXPECT_EQ(gateway_.ping_interval, absl::ZeroDuration());
}

TEST_F(ClientSessionTest, KeepsAliveEveryTenSecondsOnceOpen) {
  Start();
  EXPECT_EQ(gateway_.control().Count(packet::kKeepAlive), 0u);
  gateway_.SendOpenOk("tcp", "");
  loop_.TurnUntilIdle();
  EXPECT_EQ(gateway_.control().Count(packet::kKeepAlive), 1u);
  loop_.Advance(absl::Seconds(10));
  loop_.Advance(absl::Seconds(10));
  EXPECT_EQ(gateway_.control().Count(packet::kKeepAlive), 3u);
}

TEST_F(ClientSessionTest, DataStreamsCarryTheirConnectionAndTheSameUser) {
  Open("1;streams");
  auto stream = session_->OpenStream("000007");
  const FarStream* far = gateway_.DataStream("000007");
  ASSERT_NE(far, nullptr);
  EXPECT_EQ(far->metadata().Get("hoop-session"), kTestSession);
  EXPECT_EQ(far->metadata().Get("authorization"), "Bearer t");
  EXPECT_EQ(far->metadata().Get("origin"), "client");
}

TEST_F(ClientSessionTest, OpensAgainWhenApproved) {
  Start();
  gateway_.control().Send(Packet(packet::kClientWaitingApproval, {}, "http://review"));
  loop_.TurnUntilIdle();
  ASSERT_EQ(notices_.size(), 1u);
  EXPECT_EQ(notices_[0].Get("review_url"), "http://review");
  loop_.Advance(absl::Hours(1));  // people take their time
  EXPECT_FALSE(ending_);
  gateway_.control().Send(Packet(packet::kClientApproveOk));
  loop_.TurnUntilIdle();
  EXPECT_EQ(Opens(), 2u);
}

TEST_F(ClientSessionTest, AsksAgainForAnOfflineAgentAndGivesUp) {
  Start();
  for (int i = 1; i <= limits::kAgentOfflineAsksMax; ++i) {
    gateway_.control().Send(Packet(packet::kClientAgentOffline));
    loop_.TurnUntilIdle();
    loop_.Advance(absl::Seconds(30));
    ASSERT_EQ(Opens(), static_cast<size_t>(i) + 1);
  }
  gateway_.control().Send(Packet(packet::kClientAgentOffline));
  loop_.TurnUntilIdle();
  ASSERT_TRUE(ending_);
  EXPECT_STATUS(ending_->status, absl::StatusCode::kUnavailable, "offline");
}

TEST_F(ClientSessionTest, GivesUpOnASilentGateway) {
  Start();
  loop_.Advance(limits::kSessionOpenTime);
  ASSERT_TRUE(ending_);
  EXPECT_STATUS(ending_->status, absl::StatusCode::kDeadlineExceeded, "60 s");
  EXPECT_TRUE(ending_->retry);
  loop_.TurnUntilIdle();
  EXPECT_TRUE(gateway_.control().peer_done || gateway_.control().ended);
}

TEST_F(ClientSessionTest, CloseCarriesTextCodeAndRetry) {
  Open();
  gateway_.SendClose("agent has disconnected", "1", true);
  loop_.TurnUntilIdle();
  ASSERT_TRUE(ending_);
  EXPECT_OK(ending_->status);
  EXPECT_EQ(ending_->text, "agent has disconnected");
  EXPECT_EQ(ending_->ExitCode(7), 1);
  EXPECT_TRUE(ending_->retry);
}

TEST_F(ClientSessionTest, ExitCodesOutsideTheirRangeAre255) {
  EXPECT_EQ((SessionEnding{.exit_code = -1}).ExitCode(7), 255);
  EXPECT_EQ((SessionEnding{.exit_code = 256}).ExitCode(7), 255);
  EXPECT_EQ((SessionEnding{.exit_code = 3}).ExitCode(7), 3);
  EXPECT_EQ(SessionEnding().ExitCode(7), 7);
}

TEST_F(ClientSessionTest, CodesThatAreNoNumbersAreMissing) {
  Open();
  gateway_.SendClose("x", "3x");
  loop_.TurnUntilIdle();
  EXPECT_FALSE(ending_->exit_code);
}

TEST_F(ClientSessionTest, OpenOkBehindACloseIsIgnored) {
  Start();
  gateway_.SendClose("failed connecting to remote host", "1");
  gateway_.SendOpenOk("postgres", "");
  loop_.TurnUntilIdle();
  EXPECT_TRUE(ending_);
  EXPECT_FALSE(opened_);
}

TEST_F(ClientSessionTest, RefusalsAreNotTriedAgain) {
  Start();
  gateway_.control().Finish(NotFound("connection not found"));
  loop_.TurnUntilIdle();
  ASSERT_TRUE(ending_);
  EXPECT_STATUS(ending_->status, absl::StatusCode::kNotFound, "connection not found");
  EXPECT_FALSE(ending_->retry);
}

TEST_F(ClientSessionTest, LostGatewaysMayComeBack) {
  gateway_.dial_status = Unavailable("connect 127.0.0.1:1: refused");
  Start();
  ASSERT_TRUE(ending_);
  EXPECT_TRUE(ending_->retry);
}

TEST_F(ClientSessionTest, AnEndWithoutAWordIsAnError) {
  Open();
  gateway_.control().Finish(absl::OkStatus());
  loop_.TurnUntilIdle();
  ASSERT_TRUE(ending_);
  EXPECT_STATUS(ending_->status, absl::StatusCode::kAborted, "without a reason");
}

TEST_F(ClientSessionTest, RefusesASessionWithoutAnId) {
  Start();
  gateway_.control().Send(Packet(packet::kClientSessionOpenOk, {{spec::kConnectionType, "tcp"}}));
  loop_.TurnUntilIdle();
  ASSERT_TRUE(ending_);
  EXPECT_STATUS(ending_->status, absl::StatusCode::kInternal, "without an id");
}

TEST_F(ClientSessionTest, PacketsOfOtherSessionsAreIgnored) {
  Open();
  gateway_.control().Send(Packet(packet::kClientTcpWrite, {{spec::kSessionId, "other"}}, "x"));
  gateway_.control().Send(Packet(packet::kClientSessionClose, {{spec::kSessionId, "other"}}));
  gateway_.control().Send(Packet("ClientSomethingNew", {{spec::kSessionId, kTestSession}}, "y"));
  loop_.TurnUntilIdle();
  EXPECT_FALSE(ending_);
  ASSERT_EQ(packets_.size(), 1u);
  EXPECT_EQ(packets_[0].payload(), "y");
}

}  // namespace
}  // namespace hoop

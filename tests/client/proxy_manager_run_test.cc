#include "client/proxy_manager_run.h"

#include <gtest/gtest.h>

#include "base/limits/agent.h"
#include "base/status.h"
#include "tests/client/fake_gateway.h"
#include "tests/client/fake_socket.h"
#include "tests/fakes/manual_loop.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class ProxyManagerRunTest : public ::testing::Test {
 protected:
  void Start() {
    SessionPlan plan;
    plan.metadata.Add("origin", "client-proxymanager");
    plan.is_ordered = true;
    run_ = std::make_unique<ProxyManagerRun>(
        loop_, gateway_, plan,
        [this] {
          return [this](const Address& address, ConnectRun::Accepted accepted) {
            return door_.Listen(address, std::move(accepted));
          };
        },
        events_, [this](const absl::Status& status) { result_ = status; });
    run_->Start();
    loop_.TurnUntilIdle();
  }
  void Greet() {
    gateway_.control().Send(Packet(packet::kClientProxyManagerConnectOk));
    loop_.TurnUntilIdle();
  }
  void Open(std::string_view port, std::string_view type = "tcp") {
    gateway_.control().Send(
        Packet(packet::kClientSessionOpenOk,
               {{spec::kSessionId, kTestSession}, {spec::kConnectionType, type}, {spec::kRequestPort, port}}));
    loop_.TurnUntilIdle();
  }
  void End(const absl::Status& status) {
    gateway_.control().Finish(status);
    loop_.TurnUntilIdle();
  }

  SocketScript program_;  // outlives the run's sockets
  ManualClock clock_;
  ManualLoop loop_{clock_};
  FakeGateway gateway_{loop_};
  FakeDoor door_;
  KeptEvents events_;
  std::optional<absl::Status> result_;
  std::unique_ptr<ProxyManagerRun> run_;
};

TEST_F(ProxyManagerRunTest, AnswersTheGreetingAndOpensNothingByItself) {
  Start();
  EXPECT_EQ(gateway_.control().packets.size(), 0u);
  Greet();
  ASSERT_EQ(gateway_.control().packets.size(), 1u);
  EXPECT_EQ(gateway_.control().packets[0].type(), "GatewayProxyManagerConnectOKAck");
  EXPECT_EQ(door_.opened, 0);
}

TEST_F(ProxyManagerRunTest, ServesThePortThatWasAskedFor) {
  Start();
  Greet();
  Open("28801");
  const ClientEvent* ready = events_.Last(ClientEvent::Kind::kReady);
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->Get("port"), "28801");
  door_.Enter(program_);
  loop_.TurnUntilIdle();
  program_.Say("hi");
  loop_.TurnUntilIdle();
  EXPECT_EQ(gateway_.control().Payloads(packet::kAgentTcpWrite), "hi");
}

TEST_F(ProxyManagerRunTest, ComesBackAtOnceWhenItsSessionIsOver) {
  Start();
  Greet();
  Open("28801");
  End(Cancelled("context canceled"));
  EXPECT_EQ(gateway_.dials, 2);
  Greet();
  End(NotFound("connection not found"));
  EXPECT_EQ(gateway_.dials, 3);
  EXPECT_FALSE(result_.has_value());
}

TEST_F(ProxyManagerRunTest, WaitsBeforeItTriesALostGatewayAgain) {
  Start();
  End(Unavailable("connection reset"));
  EXPECT_EQ(gateway_.dials, 1);
  EXPECT_NE(events_.Last(ClientEvent::Kind::kDisconnected), nullptr);
  loop_.Advance(limits::kReconnectBackoffMin);
  loop_.TurnUntilIdle();
  EXPECT_EQ(gateway_.dials, 2);
}

TEST_F(ProxyManagerRunTest, DoesNotServeWhatHasNoListenerOrAPortThatIsNone) {
  Start();
  Greet();
  Open("28801", "command-line");
  EXPECT_EQ(gateway_.dials, 2);
  Greet();
  Open("many");
  EXPECT_EQ(door_.opened, 0);
  EXPECT_NE(events_.Last(ClientEvent::Kind::kDisconnected)->message.find("asks for the port \"many\""),
            std::string::npos);
}

TEST_F(ProxyManagerRunTest, EndsWithABadTokenAndWhenCancelled) {
  Start();
  End(Unauthenticated("invalid authentication"));
  EXPECT_STATUS(*result_, absl::StatusCode::kUnauthenticated, "invalid authentication");
  result_.reset();
  Start();
  run_->Cancel();
  EXPECT_STATUS(*result_, absl::StatusCode::kCancelled, "cancelled");
  loop_.TurnUntilIdle();
  EXPECT_EQ(gateway_.dials, 2);
}

}  // namespace
}  // namespace hoop

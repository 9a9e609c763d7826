// The desktop app's background process at the gateway: it waits, REST orders a session on its stream, it comes back.
#include <gtest/gtest.h>

#include "base/limits/session.h"
#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::PacketImage;
using replay::Peer;
using Status = rest::ProxyState::Status;

class ProxyManagers : public ::testing::Test {
 protected:
  ProxyManagers() { gateway_.AddConnection({.connection_name = "echo", .connection_type = "tcp"}, "dev"); }

  Peer& ConnectAgent() {
    Peer& agent =
        gateway_.Connect({{"origin", "agent"}, {"authorization", "Bearer " + gateway_.AddAgent("dev", "standard")}});
    gateway_.Settle();
    return agent;
  }
  Peer& Enter(const std::string& token = replay::kUserToken) {
    Peer& process = gateway_.Connect({{"origin", "client-proxymanager"},
                                      {"authorization", "Bearer " + token},
                                      {"verb", "connect"},
                                      {"hostname", "desk"}});
    gateway_.Settle();
    return process;
  }
  Peer& EnterReady() {
    Peer& process = Enter();
    Send(process, Packet(packet::kProxyManagerConnectOkAck));
    return process;
  }
  void Send(Peer& peer, Packet packet) {
    peer.Send(std::move(packet));
    gateway_.Settle();
  }
  void Order(const std::string& connection = "echo") {
    answer_.reset();
    gateway_.proxy_managers().Connect(
        {.identity = gateway_.user(), .connection = connection, .port = "28801", .access_duration = absl::Minutes(30)},
        [this](const absl::Status& status) { answer_ = status; });
    gateway_.Settle();
  }
  void Disconnect() {
    answer_.reset();
    gateway_.proxy_managers().Disconnect(gateway_.user().user_id,
                                         [this](const absl::Status& status) { answer_ = status; });
    gateway_.Settle();
  }
  // The agent opens what it was asked for; the session's id.
  std::string OpenAt(Peer& agent) {
    const std::string id = agent.transcript.packets.back().Get(spec::kSessionId);
    Send(agent, Packet(packet::kClientSessionOpenOk,
                       {{spec::kSessionId, id}, {spec::kConnectionType, "tcp"}, {spec::kRequestPort, "28801"}}));
    return id;
  }
  Status StateNow() { return gateway_.proxy_managers().State(gateway_.user().user_id)->status; }
  static std::vector<std::string> Types(const Peer& peer) {
    std::vector<std::string> types;
    for (const PacketImage& packet : peer.transcript.packets) types.push_back(packet.type);
    return types;
  }

  std::optional<absl::Status> answer_;  // first: the gateway still answers while it ends
  GatewayUnderTest gateway_;
};

TEST_F(ProxyManagers, ServeASessionThatRestOrders) {
  Peer& agent = ConnectAgent();
  Peer& process = Enter();
  EXPECT_EQ(Types(process), std::vector<std::string>{"ClientProxyManagerConnectOK"});
  EXPECT_FALSE(gateway_.proxy_managers().State(gateway_.user().user_id).has_value()) << "it has not answered yet";
  Send(process, Packet(packet::kProxyManagerConnectOkAck));
  EXPECT_EQ(StateNow(), Status::kReady);
  Order();
  const PacketImage& open = agent.transcript.packets.back();
  EXPECT_EQ(open.type, "AgentSessionOpen");
  EXPECT_EQ(open.Get(spec::kRequestPort), "28801");
  EXPECT_EQ(open.Get(spec::kJitTimeout), "1800s");
  EXPECT_FALSE(answer_.has_value());
  const std::string id = OpenAt(agent);
  EXPECT_OK(*answer_);
  EXPECT_EQ(process.transcript.packets.back().Get(spec::kRequestPort), "28801");
  const auto state = gateway_.proxy_managers().State(gateway_.user().user_id);
  EXPECT_EQ(state->status, Status::kConnected);
  EXPECT_EQ(state->metadata.at("session"), id);
  EXPECT_EQ(state->metadata.at("hostname"), "desk");
  Send(process, Packet(packet::kAgentTcpWrite, {{spec::kSessionId, id}, {spec::kConnectionId, "1"}}, "hi"));
  EXPECT_EQ(agent.transcript.packets.back().payload, "hi");
}

TEST_F(ProxyManagers, ComeBackWhenTheirSessionIsDisconnected) {
  Peer& agent = ConnectAgent();
  Peer& process = EnterReady();
  Order();
  OpenAt(agent);
  Disconnect();
  EXPECT_OK(*answer_);
  EXPECT_EQ(agent.transcript.packets.back().type, "AgentSessionClose");
  EXPECT_STATUS(*process.transcript.end, absl::StatusCode::kCancelled, "context canceled");
  EXPECT_EQ(StateNow(), Status::kDisconnected);
  Disconnect();
  EXPECT_STATUS(*answer_, absl::StatusCode::kNotFound, "there is no session");
  EnterReady();
  EXPECT_EQ(StateNow(), Status::kReady);
}

TEST_F(ProxyManagers, ComeBackWhenTheTimeOfTheirSessionIsOver) {
  Peer& agent = ConnectAgent();
  Peer& process = EnterReady();
  Order();
  OpenAt(agent);
  gateway_.Advance(absl::Minutes(30) - absl::Seconds(1));
  EXPECT_EQ(StateNow(), Status::kConnected);
  gateway_.Advance(absl::Seconds(1));
  EXPECT_EQ(agent.transcript.packets.back().type, "AgentSessionClose");
  EXPECT_EQ(process.transcript.packets.back().payload, "session ended, reached connection duration");
  EXPECT_EQ(StateNow(), Status::kDisconnected);
  EnterReady();
  EXPECT_EQ(StateNow(), Status::kReady);
}

TEST_F(ProxyManagers, ANewOrderEndsTheSessionBefore) {
  Peer& agent = ConnectAgent();
  Peer& process = EnterReady();
  Order();
  const std::string first = OpenAt(agent);
  Order();
  EXPECT_TRUE(process.transcript.end.has_value());
  EXPECT_FALSE(answer_.has_value()) << "until the process is back";
  EnterReady();
  const std::string second = OpenAt(agent);
  EXPECT_NE(first, second);
  EXPECT_OK(*answer_);
  EXPECT_EQ(StateNow(), Status::kConnected);
}

TEST_F(ProxyManagers, SayWhyThereIsNoSession) {
  Order();
  EXPECT_STATUS(*answer_, absl::StatusCode::kNotFound, "is not there");
  Peer& process = EnterReady();
  Order("nope");
  EXPECT_STATUS(*answer_, absl::StatusCode::kNotFound, "connection not found");
  EXPECT_STATUS(*process.transcript.end, absl::StatusCode::kNotFound, "connection not found");
  EnterReady();
  Order();
  gateway_.Advance(limits::kAgentWaitTime);
  EXPECT_STATUS(*answer_, absl::StatusCode::kFailedPrecondition, "agent is offline");
  // An agent that does not answer, and a process that does not come back.
  Peer& agent = ConnectAgent();
  EnterReady();
  Order();
  gateway_.Advance(limits::kProxyManagerAnswerTime);
  EXPECT_STATUS(*answer_, absl::StatusCode::kDeadlineExceeded, "in time");
  EXPECT_EQ(agent.transcript.packets.back().type, "AgentSessionOpen");
}

TEST_F(ProxyManagers, AnOrderAtATime) {
  ConnectAgent();
  EnterReady();
  Order();
  const auto first = answer_;
  Order();
  EXPECT_FALSE(first.has_value());
  EXPECT_STATUS(*answer_, absl::StatusCode::kFailedPrecondition, "another request is going on");
}

TEST_F(ProxyManagers, TheNewestProcessOfAUserCounts) {
  Peer& old = EnterReady();
  Peer& process = EnterReady();
  EXPECT_STATUS(*old.transcript.end, absl::StatusCode::kAborted, "a newer proxy manager");
  Peer& agent = ConnectAgent();
  Order();
  OpenAt(agent);
  EXPECT_EQ(process.transcript.packets.back().type, "ClientSessionOpenOK");
}

TEST_F(ProxyManagers, AreForUsers) {
  EXPECT_STATUS(*Enter("wrong").transcript.end, absl::StatusCode::kUnauthenticated, "invalid authentication");
}

TEST_F(ProxyManagers, WaitHalfADayAndNoLonger) {
  Peer& process = EnterReady();
  gateway_.Advance(limits::kProxyManagerIdleTime - absl::Seconds(1));
  EXPECT_FALSE(process.transcript.end.has_value());
  gateway_.Advance(absl::Seconds(1));
  EXPECT_OK(*process.transcript.end);
}

TEST_F(ProxyManagers, AreSentAwayWhenTheGatewayStops) {
  Peer& process = EnterReady();
  gateway_.Shutdown();
  EXPECT_STATUS(*process.transcript.end, absl::StatusCode::kUnavailable, "gateway shutdown");
}

TEST_F(ProxyManagers, AProcessThatLeavesEndsItsSession) {
  Peer& agent = ConnectAgent();
  Peer& process = EnterReady();
  Order();
  OpenAt(agent);
  process.Leave();
  gateway_.Settle();
  EXPECT_EQ(agent.transcript.packets.back().type, "AgentSessionClose");
  EXPECT_EQ(StateNow(), Status::kDisconnected);
}

}  // namespace
}  // namespace hoop

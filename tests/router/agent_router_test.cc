#include "router/agent_router.h"

#include <gtest/gtest.h>

#include "base/limits/router.h"
#include "base/limits/session.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/scripted_stream.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

struct Side final : AgentLink::SessionSide {
  void OnAgentPacket(Packet packet) override { packets.push_back(std::move(packet)); }
  void OnAgentGone(const absl::Status& status) override { gone = status; }
  void OnAgentDrained() override { ++drained; }
  std::vector<Packet> packets;
  std::optional<absl::Status> gone;
  int drained = 0;
};

// A stream whose connection does not answer pings.
class SilentStream final : public PacketStream {
 public:
  explicit SilentStream(StreamScript& script) : inner_(script) {}
  const Metadata& metadata() const override { return inner_.metadata(); }
  void SetReceiver(Receiver* receiver) override { inner_.SetReceiver(receiver); }
  void Send(Packet packet) override { inner_.Send(std::move(packet)); }
  size_t queued_bytes() const override { return 0; }
  void SetReading(bool reading) override { inner_.SetReading(reading); }
  void Ping(absl::AnyInvocable<void()>) override {}
  void Finish(const absl::Status& status) override { inner_.Finish(status); }

 private:
  ScriptedStream inner_;
};

class RouterTest : public ::testing::Test {
 protected:
  absl::Status Connect(StreamScript& script, Capabilities capabilities = kAllCapabilities, bool silent = false,
                       std::vector<std::string> routes = {}) {
    AgentInfo info;
    info.routes = std::move(routes);
    info.agent.id = "a1";
    info.agent.name = "dev";
    info.bearer_hash = "hash";
    info.capabilities = capabilities;
    std::optional<absl::Status> result;
    std::unique_ptr<PacketStream> stream;
    if (silent) {
      stream = std::make_unique<SilentStream>(script);
    } else {
      stream = std::make_unique<ScriptedStream>(script);
    }
    router_.Register(std::move(info), std::move(stream), [&result](const absl::Status& status) { result = status; });
    loop_.Turn();
    if (!result) loop_.Advance(limits::kDuplicateAgentTime);
    return result.value_or(absl::InternalError("not answered"));
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  StreamScript script_, second_, third_;  // outlive the router
  AgentRouter router_{loop_, Log()};
};

TEST_F(RouterTest, SaysConnectOkOnceWithWhatWasGranted) {
  ASSERT_OK(Connect(script_));
  ASSERT_EQ(script_.SentTypes(), std::vector<std::string>{"AgentGatewayConnectOK"});
  EXPECT_EQ(script_.sent[0].SpecText(spec::kCapabilities), "1;streams,chunks,ping");
  EXPECT_TRUE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, SaysWhoIsConnected) {
  EXPECT_STATUS(router_.Agent("a1"), absl::StatusCode::kNotFound, "a1");
  ASSERT_OK(Connect(script_));
  ASSERT_EQ(router_.Agents().size(), 1u);
  EXPECT_EQ(router_.Agent("a1")->name, "dev");
}

TEST_F(RouterTest, OldAgentsSeeNoKeyOfOurs) {
  ASSERT_OK(Connect(script_, {}));
  EXPECT_EQ(script_.sent[0].spec_size(), 0u);
}

TEST_F(RouterTest, RefusesAnUnknownAgent) {
  EXPECT_STATUS(router_.Find("a1"), absl::StatusCode::kFailedPrecondition, "agent is offline");
}

TEST_F(RouterTest, HandsPacketsToTheirSessionOnly) {
  ASSERT_OK(Connect(script_));
  Side one, two;
  AgentLink* link = *router_.Find("a1");
  link->Attach("s1", one);
  link->Attach("s2", two);
  script_.Deliver(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s1"}}, "x"));
  script_.Deliver(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s"}}, "foreign"));
  script_.Deliver(Packet(packet::kClientWriteStdout, {}, "nobody's"));
  EXPECT_EQ(one.packets.size(), 1u);
  EXPECT_TRUE(two.packets.empty());
  link->Detach("s1");
  link->Detach("s2");
}

TEST_F(RouterTest, CutsAnAgentThatFloodsSessionsNobodyKnows) {
  ASSERT_OK(Connect(script_));
  Side side;
  (*router_.Find("a1"))->Attach("s1", side);
  const auto deliver = [this](size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const bool is_keepalive = i % 2 == 0;  // they reach nobody, too
      script_.Deliver(Packet(is_keepalive ? packet::kKeepAlive : packet::kClientWriteStdout,
                             {{spec::kSessionId, is_keepalive ? "s1" : "foreign"}}));
    }
  };
  deliver(limits::kPacketsForNobodyMax);
  clock_.Advance(absl::Seconds(1));
  deliver(limits::kPacketsForNobodyMax);
  EXPECT_FALSE(script_.finished);
  deliver(1);
  ASSERT_TRUE(script_.finished);
  EXPECT_STATUS(*script_.finished, absl::StatusCode::kResourceExhausted, "for sessions that nobody knows");
  EXPECT_STATUS(*side.gone, absl::StatusCode::kResourceExhausted, "agent dev");
  deliver(10);  // still in the read that was cut short
  EXPECT_TRUE(side.packets.empty());
  loop_.Turn();
  EXPECT_FALSE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, LatePacketsOfEndedSessionsCostAnAgentNothing) {
  ASSERT_OK(Connect(script_));
  Side side;
  AgentLink* link = *router_.Find("a1");
  link->Attach("s1", side);
  link->Detach("s1");
  for (size_t i = 0; i < 2 * limits::kPacketsForNobodyMax; ++i) {
    script_.Deliver(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s1"}}, "the rest of a download"));
  }
  EXPECT_FALSE(script_.finished);
  EXPECT_TRUE(side.packets.empty());
  EXPECT_TRUE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, ConsumesWhatIsNotForClients) {
  ASSERT_OK(Connect(script_));
  Side side;
  AgentLink* link = *router_.Find("a1");
  link->Attach("s1", side);
  for (const char* type : {"GatewayKeepAlive", "KeepAlive", "ClientAgentLogs", "SysBareExecResponse"}) {
    script_.Deliver(Packet(type, {{spec::kSessionId, "s1"}}));
  }
  script_.Deliver(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s1"}, {spec::kMcpEvent, "1"}}));
  EXPECT_TRUE(side.packets.empty());
  link->Detach("s1");
}

TEST_F(RouterTest, TellsEverySessionWhenTheAgentIsGone) {
  ASSERT_OK(Connect(script_));
  Side one, two;
  (*router_.Find("a1"))->Attach("s1", one);
  (*router_.Find("a1"))->Attach("s2", two);
  script_.End(absl::UnavailableError("reset"));
  loop_.Turn();
  EXPECT_TRUE(one.gone && two.gone);
  EXPECT_FALSE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, RefusesASecondStreamWhileTheFirstLives) {
  ASSERT_OK(Connect(script_));
  EXPECT_STATUS(Connect(second_), absl::StatusCode::kFailedPrecondition, "agent already connected");
  EXPECT_EQ(second_.finished->code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(script_.finished);
}

TEST_F(RouterTest, ReplacesAStreamThatDoesNotAnswer) {
  ASSERT_OK(Connect(script_, kAllCapabilities, /*silent=*/true));
  clock_.Advance(absl::Seconds(1));
  EXPECT_OK(Connect(second_));
  EXPECT_TRUE(script_.finished);
  EXPECT_EQ(second_.SentTypes(), std::vector<std::string>{"AgentGatewayConnectOK"});
}

TEST_F(RouterTest, RefusesAThirdStreamWhileTwoContend) {
  ASSERT_OK(Connect(script_, kAllCapabilities, /*silent=*/true));
  AgentInfo info;
  info.agent.id = "a1";
  router_.Register(info, std::make_unique<ScriptedStream>(second_), [](const absl::Status&) {});
  std::optional<absl::Status> answer;
  router_.Register(info, std::make_unique<ScriptedStream>(third_), [&answer](const absl::Status& s) { answer = s; });
  EXPECT_STATUS(*answer, absl::StatusCode::kFailedPrecondition, "already connected");
  loop_.Advance(limits::kDuplicateAgentTime);
}

TEST_F(RouterTest, CutsAStreamThatFloodsBeforeItIsAdmitted) {
  ASSERT_OK(Connect(script_, kAllCapabilities, /*silent=*/true));
  AgentInfo info;
  info.agent.id = "a1";
  std::optional<absl::Status> answer;
  router_.Register(info, std::make_unique<ScriptedStream>(second_), [&answer](const absl::Status& s) { answer = s; });
  const auto deliver = [this](size_t count) {
    for (size_t i = 0; i < count; ++i) second_.Deliver(Packet(packet::kKeepAlive));
  };
  deliver(limits::kPacketsForNobodyMax);
  clock_.Advance(absl::Seconds(1));
  deliver(limits::kPacketsForNobodyMax);
  EXPECT_FALSE(second_.finished);
  deliver(2);  // one of them still in the read that was cut short
  ASSERT_TRUE(answer);
  EXPECT_STATUS(*answer, absl::StatusCode::kResourceExhausted, "for sessions that nobody knows");
  EXPECT_STATUS(*second_.finished, absl::StatusCode::kResourceExhausted, "packets within a second");
  loop_.Advance(limits::kDuplicateAgentTime);
  EXPECT_TRUE(second_.destroyed);
  EXPECT_FALSE(script_.finished);  // it was not replaced
}

TEST_F(RouterTest, WaitsForAnAgentUntilPatienceEnds) {
  std::optional<absl::StatusOr<AgentLink*>> answer;
  auto waiting =
      router_.WaitFor("a1", absl::Seconds(15), [&answer](absl::StatusOr<AgentLink*> link) { answer = link; });
  loop_.Advance(absl::Seconds(14));
  EXPECT_FALSE(answer);
  loop_.Advance(absl::Seconds(1));
  ASSERT_TRUE(answer);
  EXPECT_STATUS(*answer, absl::StatusCode::kFailedPrecondition, "agent is offline");
}

TEST_F(RouterTest, AnswersWhoWaitsWhenTheAgentComes) {
  std::optional<absl::StatusOr<AgentLink*>> answer;
  auto waiting =
      router_.WaitFor("a1", absl::Seconds(15), [&answer](absl::StatusOr<AgentLink*> link) { answer = link; });
  ASSERT_OK(Connect(script_));
  ASSERT_TRUE(answer);
  EXPECT_OK(*answer);
}

TEST_F(RouterTest, TakesADataStreamOnceAndFromItsAgentOnly) {
  ASSERT_OK(Connect(script_));
  std::unique_ptr<PacketStream> got;
  const std::string token = (*router_.Find("a1"))->ExpectStream([&got](auto stream) { got = *std::move(stream); });
  StreamScript data;
  std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(data);
  EXPECT_STATUS(router_.OfferStream(token, "foreign", stream), absl::StatusCode::kPermissionDenied, "no such agent");
  EXPECT_STATUS(router_.OfferStream("guess", "hash", stream), absl::StatusCode::kPermissionDenied, "token");
  ASSERT_OK(router_.OfferStream(token, "hash", stream));
  EXPECT_TRUE(got != nullptr);
  stream = std::make_unique<ScriptedStream>(data);
  EXPECT_STATUS(router_.OfferStream(token, "hash", stream), absl::StatusCode::kPermissionDenied, "used");
}

TEST_F(RouterTest, ADataStreamThatDoesNotComeIsGivenUp) {
  ASSERT_OK(Connect(script_));
  absl::Status result;
  const std::string token = (*router_.Find("a1"))->ExpectStream([&result](auto stream) { result = stream.status(); });
  loop_.Advance(limits::kAgentStreamOpenTime);
  EXPECT_STATUS(result, absl::StatusCode::kDeadlineExceeded, "did not open");
  StreamScript data;
  std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(data);
  EXPECT_STATUS(router_.OfferStream(token, "hash", stream), absl::StatusCode::kPermissionDenied, "late");
}

TEST_F(RouterTest, HoldsTheSharedStreamWhileAnybodyHolds) {
  ASSERT_OK(Connect(script_, {}));
  AgentLink* link = *router_.Find("a1");
  link->HoldReading();
  link->HoldReading();
  link->ReleaseReading();
  EXPECT_FALSE(script_.reading);
  link->ReleaseReading();
  EXPECT_TRUE(script_.reading);
}

TEST_F(RouterTest, AnAgentIsReachableUnderItsRoutesOnly) {
  ASSERT_OK(Connect(script_, kAllCapabilities, false, {"r1", "r2"}));
  EXPECT_OK(router_.Find("r1"));
  EXPECT_EQ(*router_.Find("r1"), *router_.Find("r2"));
  EXPECT_STATUS(router_.Find("a1"), absl::StatusCode::kFailedPrecondition, "offline");
  EXPECT_TRUE(router_.IsOnline("r2"));
  EXPECT_TRUE(router_.IsOnline("a1"));
  (*router_.Find("r1"))->End(Unavailable("x"));
  loop_.Turn();
  EXPECT_STATUS(router_.Find("r2"), absl::StatusCode::kFailedPrecondition, "offline");
  EXPECT_FALSE(router_.IsOnline("r1"));
  EXPECT_FALSE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, ProcessesOfOneAgentStandBesideEachOther) {
  ASSERT_OK(Connect(script_, kAllCapabilities, false, {"r1"}));
  ASSERT_OK(Connect(second_, kAllCapabilities, false, {"r2"}));
  EXPECT_STATUS(Connect(third_, kAllCapabilities, false, {"r2", "r3"}), absl::StatusCode::kFailedPrecondition,
                "agent already connected");
  EXPECT_EQ(router_.Agents().size(), 2u);
  // They share a bearer: a token tells whose data stream it is.
  auto expected = (*router_.Find("r2"))->ExpectStream([](auto) {});
  StreamScript data;
  std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(data);
  EXPECT_OK(router_.OfferStream(expected, "hash", stream));
  EXPECT_STATUS(router_.OfferStream(expected, "hash", stream), absl::StatusCode::kPermissionDenied, "used");
  router_.EndAgent("a1", Unauthenticated("agent was deleted"));
  loop_.Turn();
  EXPECT_TRUE(router_.Agents().empty());
  EXPECT_FALSE(router_.IsOnline("a1"));
}

TEST_F(RouterTest, TheEndOfARouteIsTheEndOfWhoHasNoOther) {
  ASSERT_OK(Connect(script_, kAllCapabilities, false, {"r1", "r2"}));
  ASSERT_OK(Connect(second_, kAllCapabilities, false, {"r3"}));
  for (const char* route : {"r1", "r3", "nobody"}) router_.EndRoute(route, Unavailable("connection was deleted"));
  loop_.Turn();
  EXPECT_OK(router_.Find("r1"));
  EXPECT_STATUS(router_.Find("r3"), absl::StatusCode::kFailedPrecondition, "offline");
}

TEST_F(RouterTest, ASilentOneGivesUpAllItsRoutes) {
  ASSERT_OK(Connect(script_, kAllCapabilities, /*silent=*/true, {"r1", "r2"}));
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK(Connect(second_, kAllCapabilities, false, {"r2", "r3"}));
  EXPECT_STATUS(router_.Find("r1"), absl::StatusCode::kFailedPrecondition, "offline");
  EXPECT_OK(router_.Find("r3"));
}

TEST_F(RouterTest, WhoWaitsMayBeToldThatItIsInVain) {
  std::optional<absl::Status> told;
  auto waiting = router_.WaitFor("r1", absl::Seconds(15), [&told](auto link) { told = link.status(); });
  EXPECT_TRUE(router_.IsAwaited("r1"));
  router_.FailWaiting("r2", Aborted("another"));
  EXPECT_FALSE(told.has_value());
  router_.FailWaiting("r1", Aborted("not its connection"));
  EXPECT_STATUS(*told, absl::StatusCode::kAborted, "not its connection");
  EXPECT_FALSE(router_.IsAwaited("r1"));
}

// ---- Agents that ask --------------------------------------------------------------------------------------------

TEST_F(RouterTest, WhoAsksIsOnlineForHalfAMinuteEach) {
  router_.NotePoll("a");
  loop_.Advance(absl::Seconds(20));
  router_.NotePoll("b");
  loop_.Advance(absl::Seconds(5));
  router_.NotePoll("a");
  loop_.Advance(limits::kPollPatience - absl::Seconds(6));
  EXPECT_TRUE(router_.IsOnline("b"));
  loop_.Advance(absl::Seconds(1));
  EXPECT_FALSE(router_.IsOnline("b"));
  loop_.Advance(absl::Seconds(4));
  EXPECT_TRUE(router_.IsOnline("a"));
  loop_.Advance(absl::Seconds(1));
  EXPECT_FALSE(router_.IsOnline("a"));
}

TEST_F(RouterTest, TheyAreLookedThroughOnceASecondAtMost) {
  router_.NotePoll("a");
  loop_.Advance(absl::Milliseconds(100));
  router_.NotePoll("b");
  loop_.Advance(limits::kPollPatience - absl::Milliseconds(100));
  EXPECT_FALSE(router_.IsOnline("a"));
  loop_.Advance(limits::kPollSweepInterval - absl::Milliseconds(1));
  EXPECT_TRUE(router_.IsOnline("b"));
  loop_.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(router_.IsOnline("b"));
}

TEST_F(RouterTest, TheEndOfTheConnectionThatWasAskedOnLastIsTheirs) {
  router_.NotePoll("a", 7);
  router_.NotePoll("b", 7);
  router_.NotePoll("c", 8);
  router_.NotePoll("d");
  router_.NotePoll("b", 9);  // another process with the same key
  router_.ForgetPolls(7);
  EXPECT_FALSE(router_.IsOnline("a"));
  for (const char* other : {"b", "c", "d"}) EXPECT_TRUE(router_.IsOnline(other)) << other;
  router_.NotePoll("a", 10);
  EXPECT_TRUE(router_.IsOnline("a"));
  loop_.Advance(limits::kPollPatience);
  router_.NotePoll("a");
  router_.ForgetPolls(10);  // forgotten long ago
  EXPECT_TRUE(router_.IsOnline("a"));
}

}  // namespace
}  // namespace hoop

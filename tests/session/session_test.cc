#include "session/session.h"

#include <gtest/gtest.h>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/memory_audit_store.h"
#include "tests/fakes/scripted_leg.h"
#include "tests/fakes/scripted_stream.h"
#include "tests/support/status_matchers.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using Types = std::vector<std::string>;

// Holds a packet that says "hold", lets all others go on.
class HoldStage final : public Stage {
 public:
  std::string_view name() const override { return "review"; }
  Verdict OnPacket(const Packet& packet, PacketContext&) override {
    return packet.payload() == "hold" ? Verdict::Hold("waits for a reviewer") : Verdict::Continue();
  }
};

class SessionTest : public ::testing::Test {
 protected:
  void Make(std::string wire_type, Capabilities client = {}, Capabilities agent_caps = {},
            RecordPolicy policy = RecordPolicy::kDurable, std::string_view command_verb = "exec") {
    SessionContext context;
    context.head.session_id = "s1";
    context.head.connection = "demo";
    context.head.wire_type = std::move(wire_type);
    context.head.verb = context.head.wire_type == "command-line" ? command_verb : "connect";
    context.head.policy = policy;
    context.params->connection_name = "demo";
    context.params->env_vars = secrets_;
    context.client_capabilities = client;
    context.agent_capabilities = agent_caps;
    context.agent_version = "1.2.3";
    context.is_timed = is_timed_;
    session_ = std::make_unique<Session>(loop_, Log(), audit_, pacer_, std::move(context),
                                         std::make_unique<ScriptedStream>(client_),
                                         std::make_unique<ScriptedLeg>(agent_), [this] { over_ = true; });
    session_->Start();
  }
  void OpenWith(std::string wire_type, Capabilities client = {}, Capabilities agent_caps = {},
                RecordPolicy policy = RecordPolicy::kDurable) {
    Make(std::move(wire_type), client, agent_caps, policy);
    FromClient(Packet(packet::kAgentSessionOpen));
    FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
    Sync();
    client_.sent.clear();
    agent_.sent.clear();
  }
  void FromClient(Packet packet) {
    client_.Deliver(std::move(packet));
    loop_.Turn();
  }
  void FromAgent(Packet packet) {
    agent_.receiver->OnAgentPacket(std::move(packet));
    loop_.Turn();
  }
  void Sync() {
    audit_.Sync();
    loop_.Turn();
  }
  bool MovesBulkUnheld(StreamScript& side, const std::function<void()>& move);
  Packet TcpRequest(std::string_view id, std::string_view payload) {
    return Packet(packet::kAgentTcpWrite, {{spec::kSessionId, "s1"}, {spec::kConnectionId, id}}, payload);
  }
  Packet TcpReply(std::string_view id, std::string_view payload) {
    return Packet(packet::kClientTcpWrite, {{spec::kSessionId, "s1"}, {spec::kConnectionId, id}}, payload);
  }
  Types AgentTypes() const {
    Types types;
    for (const Packet& packet : agent_.sent) types.emplace_back(packet.type());
    return types;
  }
  MemoryAuditStore::Session& recorded() { return audit_.sessions["s1"]; }
  std::string LastClientText() { return std::string(client_.sent.back().payload()); }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  MemoryAuditStore audit_;
  BulkPacer pacer_{loop_};
  StreamScript client_;
  StreamScript data_;  // of a stream of its own; outlives the session like the others
  AgentScript agent_;
  bool is_timed_ = false;
  std::map<std::string, std::string> secrets_;  // the connection's
  bool over_ = false;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, TellsTheAgentWhoUsesWhatAndKeepsTheClientsKeys) {
  Make("tcp");
  const std::string args = EncodeGobStrings({"-l"});
  FromClient(Packet(packet::kAgentSessionOpen,
                    {{spec::kTerminalArgs, args}, {spec::kSessionId, "forged"}, {spec::kStreamToken, "forged"}}));
  ASSERT_EQ(AgentTypes(), Types{"AgentSessionOpen"});
  const Packet& open = agent_.sent[0];
  EXPECT_EQ(open.SpecText(spec::kSessionId), "s1");
  EXPECT_EQ(open.SpecText(spec::kConnectionType), "tcp");
  EXPECT_EQ(open.SpecText(spec::kTerminalArgs), args);
  EXPECT_FALSE(open.Spec(spec::kStreamToken));
  auto params = DecodeConnectionParams(open.SpecText(spec::kConnectionParams));
  ASSERT_OK(params);
  EXPECT_EQ(params->client_args, std::vector<std::string>{"-l"});
  EXPECT_EQ(recorded().head.client_args, std::vector<std::string>{"-l"});
}

// What the agent gets is what the record has: of two maps the last one, as both read them, and none of the
// connection's.
TEST_F(SessionTest, RecordsTheVariablesThatTheUserGave) {
  secrets_ = {{"envvar:PASS", "c2VjcmV0"}};
  Make("command-line");
  const std::map<std::string, std::string> other = {{"envvar:S", "b3RoZXI="}}, given = {{"envvar:S", "bHM="}};
  std::map<std::string, std::string> sent = given;
  sent["envvar:PASS"] = "bWluZQ==";
  FromClient(Packet(packet::kAgentSessionOpen, {{spec::kTerminalEnvVars, EncodeGobStringMap(other)},
                                                {spec::kTerminalEnvVars, EncodeGobStringMap(sent)}}));
  EXPECT_EQ(recorded().head.client_env, given);
  ASSERT_EQ(AgentTypes(), Types{"AgentSessionOpen"});
  size_t maps = 0;
  for (size_t i = 0; i < agent_.sent[0].spec_size(); ++i)
    maps += agent_.sent[0].spec_at(i).key == spec::kTerminalEnvVars;
  EXPECT_EQ(maps, 1u);
  EXPECT_EQ(DecodeGobStringMap(agent_.sent[0].SpecText(spec::kTerminalEnvVars)).value(), given);
}

TEST_F(SessionTest, PassesNoVariablesThatTheConnectionHasItself) {
  secrets_ = {{"envvar:PASS", "c2VjcmV0"}};
  Make("command-line");
  const std::string mine = EncodeGobStringMap({{"envvar:PASS", "bWluZQ=="}});
  FromClient(Packet(packet::kAgentSessionOpen, {{spec::kTerminalEnvVars, mine}}));
  EXPECT_TRUE(recorded().head.client_env.empty());
  EXPECT_FALSE(agent_.sent.at(0).Spec(spec::kTerminalEnvVars));
}

TEST_F(SessionTest, RefusesVariablesThatTheRecordCouldNotTell) {
  Make("command-line");
  FromClient(Packet(packet::kAgentSessionOpen, {{spec::kTerminalEnvVars, "no gob"}}));
  EXPECT_TRUE(agent_.sent.empty());
  EXPECT_EQ(LastClientText(), "internal error, failed decoding input env vars");
}

TEST_F(SessionTest, HoldsOpenOkUntilTheOpenRecordIsDurable) {
  Make("tcp");
  FromClient(Packet(packet::kAgentSessionOpen));
  FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  EXPECT_TRUE(client_.sent.empty());
  Sync();
  ASSERT_EQ(client_.SentTypes(), Types{"ClientSessionOpenOK"});
  EXPECT_EQ(client_.sent[0].SpecText(spec::kAgentVersion), "1.2.3");
}

TEST_F(SessionTest, HoldsAReplyUntilTheRequestBeforeItIsDurable) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "select"));
  EXPECT_EQ(AgentTypes(), Types{"AgentTCPConnectionWrite"});
  FromAgent(TcpReply("000001", "row"));
  EXPECT_TRUE(client_.sent.empty());
  Sync();
  EXPECT_EQ(LastClientText(), "row");
}

TEST_F(SessionTest, ReleasesAReplyThatAnswersNothingNewAtOnce) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "listen"));
  Sync();
  FromAgent(TcpReply("000001", "notification"));
  EXPECT_EQ(LastClientText(), "notification");
}

TEST_F(SessionTest, HoldsRepliesPerConnectionIdOnly) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "a"));
  Sync();
  FromClient(TcpRequest("000002", "b"));
  FromAgent(TcpReply("000001", "for a"));
  FromAgent(TcpReply("000002", "for b"));
  EXPECT_EQ(LastClientText(), "for a");
  Sync();
  EXPECT_EQ(LastClientText(), "for b");
}

TEST_F(SessionTest, BufferedRepliesWaitForNoSync) {
  OpenWith("tcp", {}, {}, RecordPolicy::kBuffered);
  FromClient(TcpRequest("000001", "select"));
  FromAgent(TcpReply("000001", "row"));
  EXPECT_EQ(LastClientText(), "row");
}

TEST_F(SessionTest, RecordsBothDirectionsBeforeItForwards) {
  OpenWith("tcp");
  client_.Deliver(TcpRequest("000001", "in"));
  EXPECT_TRUE(agent_.sent.empty());  // the turn is not written yet
  EXPECT_EQ(recorded().entries.back().payload, "in");
  loop_.Turn();
  EXPECT_EQ(agent_.sent.size(), 1u);
  FromAgent(TcpReply("000001", "out"));
  EXPECT_EQ(recorded().entries.back().payload, "out");
  EXPECT_EQ(recorded().entries.back().kind, RecordKind::kOutput);
}

TEST_F(SessionTest, TellsTheCloseOnlyWhenTheSealIsDurable) {
  OpenWith("command-line");
  FromAgent(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s1"}}, "hello"));
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kSessionId, "s1"}, {spec::kExitCode, "3"}}, "exit status 3"));
  EXPECT_EQ(client_.SentTypes(), Types{"ClientWriteStdout"});
  Sync();
  EXPECT_EQ(client_.SentTypes(), (Types{"ClientWriteStdout", "ClientSessionClose"}));
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "3");
  EXPECT_EQ(client_.finished, absl::OkStatus());
  ASSERT_EQ(recorded().seals.size(), 1u);
  EXPECT_EQ(recorded().seals[0].exit_code, 3);
  client_.End(absl::OkStatus());
  loop_.Turn();
  EXPECT_TRUE(over_);
}

// Real clients put no spec at all into a terminal's packets.
TEST_F(SessionTest, ATerminalHasConnectionIdZeroAndItsSizesInTheRecord) {
  Make("command-line", {}, {}, RecordPolicy::kBuffered, "connect");
  FromClient(Packet(packet::kAgentSessionOpen));
  FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  agent_.sent.clear();
  FromClient(Packet(packet::kAgentTerminalWriteStdin, {}, "\n"));
  FromClient(Packet(packet::kAgentTerminalResize, {}, "24,80,0,0"));
  FromClient(Packet(packet::kAgentTerminalWriteStdin, {}, "ls\r"));
  FromAgent(Packet(packet::kClientWriteStdout, {{spec::kSessionId, "s1"}}, "a  b\r\n"));
  ASSERT_EQ(AgentTypes(), (Types{"AgentTerminalWriteStdin", "AgentTerminalResizeTTY", "AgentTerminalWriteStdin"}));
  for (const Packet& packet : agent_.sent) EXPECT_EQ(packet.SpecText(spec::kSessionId), "s1");
  ASSERT_EQ(recorded().entries.size(), 6u);
  const RecordEntry& size = recorded().entries[3];
  EXPECT_EQ(size.kind, RecordKind::kControl);
  EXPECT_EQ(size.payload, "24,80,0,0");
  EXPECT_EQ(size.connection_id, "0");
  EXPECT_EQ(recorded().entries[4].kind, RecordKind::kInput);
  EXPECT_EQ(recorded().entries[4].payload, "ls\r");
  EXPECT_EQ(recorded().entries[5].kind, RecordKind::kOutput);
  EXPECT_EQ(recorded().entries[5].connection_id, "0");
  EXPECT_EQ(client_.sent.back().payload(), "a  b\r\n");
}

TEST_F(SessionTest, ATerminalTakesNoInputOfAnExec) {
  Make("command-line", {}, {}, RecordPolicy::kBuffered, "connect");
  FromClient(Packet(packet::kAgentSessionOpen));
  FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  FromClient(Packet(packet::kAgentExecWriteStdin, {}, "rm -rf"));
  EXPECT_NE(LastClientText().find("packet type AgentExecWriteStdin is not for connect"), std::string::npos);
}

TEST_F(SessionTest, SaysThatTheRecordIsNotSealedAfterFiveSeconds) {
  OpenWith("command-line");
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kSessionId, "s1"}, {spec::kExitCode, "0"}}));
  loop_.Advance(limits::kSealWaitTime);
  EXPECT_NE(LastClientText().find("record not sealed"), std::string::npos);
}

TEST_F(SessionTest, SealsWhenTheClientLeaves) {
  OpenWith("tcp");
  client_.End(absl::CancelledError(""));
  loop_.Turn();
  EXPECT_EQ(AgentTypes(), Types{"AgentSessionClose"});
  ASSERT_EQ(recorded().seals.size(), 1u);
  EXPECT_EQ(recorded().seals[0].reason, "client left");
  Sync();
  EXPECT_TRUE(over_);
}

TEST_F(SessionTest, SealsAndTellsTheClientWhenTheAgentIsGone) {
  OpenWith("tcp", kAllCapabilities);
  agent_.receiver->OnAgentGone(absl::UnavailableError(""));
  loop_.Turn();
  Sync();
  EXPECT_EQ(LastClientText(), "agent has disconnected");
  EXPECT_TRUE(client_.sent.back().Spec(spec::kRetry));
  EXPECT_EQ(recorded().seals[0].reason, "agent has disconnected");
  EXPECT_EQ(recorded().seals[0].exit_code, 254);
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "1");
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kUnavailable);
}

TEST_F(SessionTest, AnAgentThatStopsIsALostOneForTheUser) {
  OpenWith("tcp", kAllCapabilities, kAllCapabilities);
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kSessionId, "s1"}, {spec::kExitCode, "1"}, {spec::kRetry, "1"}},
                   "the agent was stopped"));
  Sync();
  EXPECT_EQ(LastClientText(), "agent has disconnected: the agent was stopped");
  EXPECT_TRUE(client_.sent.back().Spec(spec::kRetry));
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "1");
  EXPECT_EQ(recorded().seals[0].exit_code, 254);
}

TEST_F(SessionTest, AgentsWithoutOurCapabilitiesCannotAskForARetry) {
  OpenWith("tcp", kAllCapabilities);
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kSessionId, "s1"}, {spec::kExitCode, "3"}, {spec::kRetry, "1"}},
                   "failed"));
  Sync();
  EXPECT_EQ(LastClientText(), "failed");
  EXPECT_FALSE(client_.sent.back().Spec(spec::kRetry));
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "3");
}

TEST_F(SessionTest, OldClientsNeverSeeKeysOfOurs) {
  OpenWith("tcp");
  agent_.receiver->OnAgentGone(absl::UnavailableError(""));
  Sync();
  EXPECT_FALSE(client_.sent.back().HasSpecWithPrefix(spec::kOursPrefix));
}

TEST_F(SessionTest, EndsWhenTheRecordFailsAndReleasesNothing) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "select"));
  FromAgent(TcpReply("000001", "row"));
  audit_.Fail(absl::UnavailableError("disk is gone"));
  loop_.Turn();
  EXPECT_EQ(client_.SentTypes(), Types{"ClientSessionClose"});
  EXPECT_NE(LastClientText().find("disk is gone"), std::string::npos);
  EXPECT_NE(LastClientText().find("record not sealed"), std::string::npos);
}

TEST_F(SessionTest, RefusesToOpenWithoutARecord) {
  audit_.open_status = absl::ResourceExhaustedError("journal is full");
  Make("tcp");
  FromClient(Packet(packet::kAgentSessionOpen));
  EXPECT_TRUE(agent_.sent.empty());
  EXPECT_NE(LastClientText().find("journal is full"), std::string::npos);
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionTest, RefusesPacketsBeforeTheOpen) {
  Make("tcp");
  FromClient(TcpRequest("000001", "x"));
  EXPECT_TRUE(agent_.sent.empty());
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kFailedPrecondition);
}

class RefusedPacket : public SessionTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedPacket, EndsTheSessionAndStandsInTheRecord) {
  OpenWith("tcp");
  FromClient(Packet(GetParam(), {{spec::kConnectionId, "000001"}}, "x"));
  Sync();
  EXPECT_EQ(AgentTypes(), Types{"AgentSessionClose"});
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kPermissionDenied);
  const auto& entries = recorded().entries;
  EXPECT_EQ(entries[entries.size() - 2].kind, RecordKind::kVerdict);
  EXPECT_EQ(entries[entries.size() - 3].payload, "x");
}

INSTANTIATE_TEST_SUITE_P(Types, RefusedPacket,
                         ::testing::Values("AgentPGConnectionWrite", "AgentExecWriteStdin", "ClientTCPConnectionWrite",
                                           "ClientSessionClose", "SysBareExecRequest", "Unknown"));

TEST_F(SessionTest, RefusesAConnectionIdThatCannotBeOne) {
  for (const std::string& id : {std::string(), std::string(65, '1'), std::string("../1")}) {
    session_.reset();
    client_ = {};
    agent_ = {};
    audit_.sessions.clear();
    OpenWith("tcp");
    FromClient(TcpRequest(id, "x"));
    Sync();
    EXPECT_EQ(client_.finished->code(), absl::StatusCode::kInvalidArgument) << id;
  }
}

TEST_F(SessionTest, DropsLatePacketsOfAConnectionIdThatIsOver) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "a"));
  FromClient(Packet(packet::kAgentConnectionClose, {{spec::kConnectionId, "000001"}}));
  Sync();
  agent_.sent.clear();
  FromAgent(TcpReply("000001", "late"));
  FromClient(TcpRequest("000001", "again"));
  EXPECT_TRUE(client_.sent.empty());
  EXPECT_TRUE(agent_.sent.empty());
}

TEST_F(SessionTest, OneConnectionIdEndsWithoutTheOthers) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "a"));
  FromClient(TcpRequest("000010", "b"));
  FromAgent(Packet(packet::kClientConnectionClose, {{spec::kSessionId, "s1"}, {spec::kConnectionId, "000001"}}));
  Sync();
  FromAgent(TcpReply("000010", "still here"));
  EXPECT_EQ(LastClientText(), "still here");
  EXPECT_FALSE(session_->finishing());
}

TEST_F(SessionTest, GivesEachConnectionIdAStreamOnTheAgentsLeg) {
  OpenWith("tcp", {}, kAllCapabilities);
  FromClient(TcpRequest("000001", "first"));
  ASSERT_EQ(AgentTypes(), Types{"AgentStreamOpen"});
  EXPECT_EQ(agent_.sent[0].SpecText(spec::kConnectionId), "000001");
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  loop_.Turn();
  ASSERT_EQ(data_.sent.size(), 1u);
  EXPECT_EQ(data_.sent[0].payload(), "first");
  data_.Deliver(Packet(packet::kClientTcpWrite, {}, "answer"));
  loop_.Turn();
  Sync();
  EXPECT_EQ(LastClientText(), "answer");
  EXPECT_EQ(client_.sent.back().SpecText(spec::kConnectionId), "000001");
}

TEST_F(SessionTest, ADataStreamThatEndsWithoutACloseEndsItsConnectionIdOnly) {
  OpenWith("tcp", {}, kAllCapabilities);
  FromClient(TcpRequest("000001", "first"));
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  loop_.Turn();
  data_.End(absl::UnavailableError("reset"));
  Sync();
  EXPECT_EQ(client_.SentTypes(), Types{"ClientTCPConnectionClose"});
  EXPECT_FALSE(session_->finishing());
}

TEST_F(SessionTest, AnAgentThatOpensNoStreamLosesThatConnectionIdOnly) {
  OpenWith("tcp", {}, kAllCapabilities);
  FromClient(TcpRequest("000001", "first"));
  agent_.expected.begin()->second(absl::DeadlineExceededError("late"));
  Sync();
  EXPECT_EQ(client_.SentTypes(), Types{"ClientTCPConnectionClose"});
  EXPECT_FALSE(session_->finishing());
}

TEST_F(SessionTest, CarriesACommandOnAStreamOfItsOwn) {
  Make("command-line", {}, kAllCapabilities);
  FromClient(Packet(packet::kAgentSessionOpen));
  EXPECT_EQ(agent_.sent[0].SpecText(spec::kStreamToken), "token-0");
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  data_.Deliver(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  Sync();
  EXPECT_EQ(client_.SentTypes(), Types{"ClientSessionOpenOK"});
  FromClient(Packet(packet::kAgentExecWriteStdin, {}, "uname"));
  ASSERT_EQ(data_.sent.size(), 1u);
  data_.Deliver(Packet(packet::kClientSessionClose, {{spec::kExitCode, "0"}}));
  Sync();
  EXPECT_EQ(client_.SentTypes().back(), "ClientSessionClose");
}

TEST_F(SessionTest, ALostAgentIsTheReasonWhenItsStreamsBreakTogether) {
  Make("command-line", {}, kAllCapabilities);
  FromClient(Packet(packet::kAgentSessionOpen));
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  data_.End(absl::UnavailableError("reset"));
  agent_.receiver->OnAgentGone(absl::UnavailableError("reset"));
  loop_.TurnUntilIdle();
  EXPECT_EQ(recorded().seals[0].reason, "agent has disconnected");
}

TEST_F(SessionTest, ACommandEndsWhenTheAgentGivesUpItsStream) {
  Make("command-line", {}, kAllCapabilities);
  FromClient(Packet(packet::kAgentSessionOpen));
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  data_.End(absl::CancelledError(""));
  loop_.TurnUntilIdle();
  EXPECT_EQ(recorded().seals[0].reason, "agent ended the session's stream");
}

TEST_F(SessionTest, TakesClientDataStreamsOfAnOpenSessionOnly) {
  Make("tcp", kAllCapabilities);
  std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(data_);
  EXPECT_STATUS(session_->AddClientStream("000001", stream), absl::StatusCode::kFailedPrecondition, "not open");
  FromClient(Packet(packet::kAgentSessionOpen));
  FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  Sync();
  EXPECT_EQ(client_.sent[0].SpecText(spec::kCapabilities), "1;streams,chunks,ping");
  for (const std::string& id : {std::string(), std::string(65, '1'), std::string("../1")}) {
    EXPECT_STATUS(session_->AddClientStream(id, stream), absl::StatusCode::kInvalidArgument, "connection id");
  }
  ASSERT_OK(session_->AddClientStream("000001", stream));
  data_.Deliver(Packet(packet::kAgentTcpWrite, {}, "hello"));
  loop_.Turn();
  EXPECT_EQ(agent_.sent.back().payload(), "hello");
  EXPECT_EQ(agent_.sent.back().SpecText(spec::kConnectionId), "000001");
  FromAgent(TcpReply("000001", "world"));
  Sync();
  ASSERT_EQ(data_.sent.size(), 1u);
  StreamScript second;
  std::unique_ptr<PacketStream> again = std::make_unique<ScriptedStream>(second);
  EXPECT_STATUS(session_->AddClientStream("000001", again), absl::StatusCode::kAlreadyExists, "used already");
}

TEST_F(SessionTest, BoundsTheNumberOfLocalConnections) {
  OpenWith("tcp");
  for (size_t i = 0; i < limits::kConnectionIdsMax; ++i) FromClient(TcpRequest(fmt::format("{:06}", i), "x"));
  EXPECT_FALSE(session_->finishing());
  FromClient(TcpRequest("one-more", "x"));
  Sync();
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SessionTest, AFinishedConnectionMakesRoomAlsoWhenItsLastReplyWaitedForTheDisk) {
  OpenWith("tcp");
  for (size_t i = 0; i <= limits::kConnectionIdsMax; ++i) {
    const std::string id = fmt::format("{:06}", i);
    FromClient(TcpRequest(id, "x"));
    FromAgent(Packet(packet::kClientConnectionClose, {{spec::kSessionId, "s1"}, {spec::kConnectionId, id}}));
    Sync();
  }
  EXPECT_FALSE(session_->finishing());
}

TEST_F(SessionTest, AStoppedClientStopsTheReadingOfItsAgentStreamOnly) {
  OpenWith("tcp", {}, kAllCapabilities, RecordPolicy::kBuffered);
  FromClient(TcpRequest("000001", "first"));
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  loop_.Turn();
  client_.queued_bytes = limits::kSendQueueHighBytes + 1;
  data_.Deliver(Packet(packet::kClientTcpWrite, {}, "x"));
  loop_.Turn();
  EXPECT_FALSE(data_.reading);
  EXPECT_EQ(agent_.holds, 0);
  client_.Drain();
  EXPECT_TRUE(data_.reading);
}

TEST_F(SessionTest, AStoppedAgentStreamStopsTheReadingOfTheClient) {
  OpenWith("tcp");
  agent_.queued_bytes = limits::kSendQueueHighBytes + 1;
  FromClient(TcpRequest("000001", "x"));
  EXPECT_FALSE(client_.reading);
  agent_.queued_bytes = 0;
  agent_.receiver->OnAgentDrained();
  EXPECT_TRUE(client_.reading);
}

// Whether `side` was read all the time while it moved megabytes beside others, on a loop that waits for a core.
bool SessionTest::MovesBulkUnheld(StreamScript& side, const std::function<void()>& move) {
  BulkShare others;
  bool unheld = true;
  for (int i = 0; i < 100; ++i) {
    for (int packet = 0; packet < 5; ++packet) pacer_.HoldAfter(others, 100);
    loop_.core.waited += absl::Milliseconds(1);
    loop_.Advance(absl::Milliseconds(1));
    if (side.reading) move();
    unheld = unheld && side.reading;
  }
  loop_.Advance(absl::Seconds(1));
  EXPECT_TRUE(side.reading);  // it goes on
  return unheld;
}

TEST_F(SessionTest, BulkBesideInteractiveSessionsIsReadLess) {
  OpenWith("tcp", kAllCapabilities, kAllCapabilities, RecordPolicy::kBuffered);
  StreamScript client_data;
  std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(client_data);
  ASSERT_OK(session_->AddClientStream("000001", stream));
  const std::string chunk(limits::kChunkBytesMax, 'x');
  const auto request = [&] {
    client_data.Deliver(Packet(packet::kAgentTcpWrite, {}, chunk));
    loop_.Turn();
  };
  request();
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  loop_.Turn();
  EXPECT_FALSE(MovesBulkUnheld(client_data, request));
  EXPECT_FALSE(MovesBulkUnheld(data_, [&] {
    data_.Deliver(Packet(packet::kClientTcpWrite, {}, chunk));
    loop_.Turn();
  }));
  session_.reset();  // before its streams' scripts
}

TEST_F(SessionTest, BulkOnSharedStreamsIsReadAllTheTime) {
  OpenWith("tcp", {}, {}, RecordPolicy::kBuffered);
  const std::string chunk(limits::kChunkBytesMax, 'x');
  EXPECT_TRUE(MovesBulkUnheld(client_, [&] { FromClient(TcpRequest("000001", chunk)); }));
  MovesBulkUnheld(client_, [&] { FromAgent(TcpReply("000001", chunk)); });
  EXPECT_EQ(agent_.holds, 0);
}

TEST_F(SessionTest, ReadsNothingWhileTheDiskIsBehind) {
  OpenWith("tcp");
  FromClient(TcpRequest("000001", "x"));
  audit_.Press(true);
  EXPECT_FALSE(client_.reading);
  audit_.Press(false);
  EXPECT_TRUE(client_.reading);
}

TEST_F(SessionTest, EndsAClientThatStallsASharedAgentStream) {
  OpenWith("tcp", {}, {}, RecordPolicy::kBuffered);
  FromClient(TcpRequest("000001", "x"));
  client_.queued_bytes = limits::kSharedStreamQueueHighBytes + 1;
  FromAgent(TcpReply("000001", "x"));
  EXPECT_EQ(agent_.holds, 1);
  loop_.Advance(limits::kSharedStreamStallTime);
  EXPECT_TRUE(session_->finishing());
  EXPECT_NE(recorded().seals[0].reason.find("read nothing"), std::string::npos);
  session_.reset();
  EXPECT_EQ(agent_.holds, 0);
}

// Connection ids with streams of their own towards the client, of an agent that has one stream for everything.
class SharedAgentStream : public SessionTest {
 protected:
  ~SharedAgentStream() override { session_.reset(); }  // before its streams' scripts

  void Open(RecordPolicy policy = RecordPolicy::kBuffered) { OpenWith("tcp", kAllCapabilities, {}, policy); }
  StreamScript& Connect(std::string_view id) {
    StreamScript& script = scripts_[std::string(id)];
    std::unique_ptr<PacketStream> stream = std::make_unique<ScriptedStream>(script);
    EXPECT_OK(session_->AddClientStream(id, stream));
    script.Deliver(Packet(packet::kAgentTcpWrite, {}, "x"));
    loop_.Turn();
    return script;
  }

  std::map<std::string, StreamScript> scripts_;
};

TEST_F(SharedAgentStream, HasOneBoundForAllConnectionIdsOfASession) {
  Open();
  StreamScript& first = Connect("000001");
  StreamScript& second = Connect("000002");
  first.queued_bytes = second.queued_bytes = limits::kSharedStreamQueueHighBytes / 2;
  FromAgent(TcpReply("000001", "x"));
  FromAgent(TcpReply("000002", "x"));
  EXPECT_EQ(agent_.holds, 0);
  second.queued_bytes += 1;
  FromAgent(TcpReply("000002", "x"));
  EXPECT_EQ(agent_.holds, 1);
  FromAgent(TcpReply("000001", "x"));
  EXPECT_EQ(agent_.holds, 1) << "it is held once";
  loop_.Advance(limits::kSharedStreamStallTime);
  EXPECT_TRUE(session_->finishing());
  EXPECT_EQ(agent_.holds, 0);
}

TEST_F(SharedAgentStream, CountsRepliesThatWaitForTheRecord) {
  Open(RecordPolicy::kDurable);
  const std::string half(limits::kSharedStreamQueueHighBytes / 2, 'x');
  Connect("000001");
  Connect("000002");
  FromAgent(TcpReply("000001", half));
  EXPECT_EQ(agent_.holds, 0);
  FromAgent(TcpReply("000002", half));
  EXPECT_EQ(agent_.holds, 1);
  loop_.Advance(10 * limits::kSharedStreamStallTime);
  EXPECT_FALSE(session_->finishing()) << "a slow disk is not the client's fault";
  EXPECT_EQ(agent_.holds, 1);
  Sync();
  EXPECT_EQ(agent_.holds, 0);
}

TEST_F(SharedAgentStream, IsReadAgainWhenQueuesDrainedWithoutAWord) {
  Open();
  StreamScript& first = Connect("000001");
  StreamScript& second = Connect("000002");
  first.queued_bytes = second.queued_bytes = limits::kSharedStreamQueueHighBytes / 2;
  FromAgent(TcpReply("000001", "x"));
  first.queued_bytes = 0;  // it left meanwhile: nothing is stopped for what was counted then
  second.queued_bytes += 2;
  FromAgent(TcpReply("000002", "x"));
  EXPECT_EQ(agent_.holds, 0);
  first.queued_bytes = limits::kSharedStreamQueueHighBytes;
  FromAgent(TcpReply("000001", "x"));
  EXPECT_EQ(agent_.holds, 1);
  first.queued_bytes = 0;
  second.queued_bytes = limits::kSharedStreamQueueLowBytes + 1;
  loop_.Advance(limits::kSharedStreamCheckTime);
  EXPECT_EQ(agent_.holds, 1);
  second.queued_bytes = limits::kSharedStreamQueueLowBytes;
  loop_.Advance(limits::kSharedStreamCheckTime);
  EXPECT_EQ(agent_.holds, 0);
}

TEST_F(SharedAgentStream, GivesWhoTakesSomethingMoreTime) {
  Open();
  StreamScript& slow = Connect("000001");
  slow.queued_bytes = 2 * limits::kSharedStreamQueueHighBytes;
  FromAgent(TcpReply("000001", "x"));
  ASSERT_EQ(agent_.holds, 1);
  for (int i = 0; i < 10; ++i) {
    loop_.Advance(limits::kSharedStreamStallTime - limits::kSharedStreamCheckTime);
    EXPECT_FALSE(session_->finishing());
    slow.queued_bytes -= 1;
    loop_.Advance(limits::kSharedStreamCheckTime);
  }
  loop_.Advance(limits::kSharedStreamStallTime - limits::kSharedStreamCheckTime);
  slow.queued_bytes += 1;  // that is none
  loop_.Advance(limits::kSharedStreamCheckTime);
  EXPECT_TRUE(session_->finishing());
}

TEST_F(SharedAgentStream, CountsConnectionIdsThatAreClosedAndNotDrained) {
  Open();
  StreamScript& closed = Connect("000001");
  StreamScript& open = Connect("000002");
  closed.queued_bytes = open.queued_bytes = limits::kSharedStreamQueueHighBytes / 2;
  FromAgent(Packet(packet::kClientConnectionClose, {{spec::kSessionId, "s1"}, {spec::kConnectionId, "000001"}}));
  open.queued_bytes += 1;
  FromAgent(TcpReply("000002", "x"));
  EXPECT_EQ(agent_.holds, 1);
}

// The agent's control stream is nobody's alone, even when this session reads nothing for the sake of the disk.
TEST_F(SessionTest, PressureWhileAnAgentsStreamIsOnItsWayHoldsThatStreamOnly) {
  OpenWith("tcp", {}, kAllCapabilities, RecordPolicy::kBuffered);
  FromClient(TcpRequest("000001", "first"));
  audit_.Press(true);
  EXPECT_EQ(agent_.holds, 0);
  agent_.expected.begin()->second(std::make_unique<ScriptedStream>(data_));
  loop_.Turn();
  EXPECT_FALSE(data_.reading);
  audit_.Press(false);
  EXPECT_TRUE(data_.reading);
  EXPECT_EQ(agent_.holds, 0);
  session_.reset();  // before its streams' scripts
}

TEST_F(SessionTest, CutsOffAClientThatDoesNotTakeTheClose) {
  OpenWith("command-line");
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kExitCode, "0"}}));
  client_.queued_bytes = 10;
  Sync();
  loop_.Advance(limits::kCloseGraceTime);
  EXPECT_TRUE(over_);
  EXPECT_TRUE(client_.destroyed);
}

TEST_F(SessionTest, EndsAfterItsLongestTime) {
  OpenWith("tcp");
  loop_.Advance(limits::kSessionTimeMax);
  Sync();
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kAborted);
}

TEST_F(SessionTest, EndsWhenTheTimeIsOverThatItsOpenAsksFor) {
  is_timed_ = true;
  Make("tcp");
  FromClient(Packet(packet::kAgentSessionOpen, {{spec::kJitTimeout, "1m30s"}}));
  FromAgent(Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, "s1"}}));
  Sync();
  loop_.Advance(absl::Seconds(89));
  EXPECT_FALSE(session_->finishing());
  loop_.Advance(absl::Seconds(1));
  Sync();
  EXPECT_EQ(recorded().seals.at(0).reason, "session ended, reached connection duration");
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "1");
  EXPECT_EQ(client_.finished->code(), absl::StatusCode::kAborted);
}

TEST_F(SessionTest, AClientThatAlwaysAsksForATimeIsNotCut) {
  Make("tcp");
  FromClient(Packet(packet::kAgentSessionOpen, {{spec::kJitTimeout, "60s"}}));
  loop_.Advance(absl::Hours(1));
  EXPECT_FALSE(session_->finishing());
}

TEST_F(SessionTest, RefusesATimeThatIsNoneOrTooLong) {
  is_timed_ = true;
  for (const char* wrong : {"soon", "0s", "-5m", "49h"}) {
    session_.reset();
    client_ = StreamScript();
    Make("tcp");
    FromClient(Packet(packet::kAgentSessionOpen, {{spec::kJitTimeout, wrong}}));
    EXPECT_TRUE(session_->finishing()) << wrong;
    EXPECT_EQ(client_.finished->code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
  EXPECT_TRUE(audit_.sessions.empty());
}

TEST_F(SessionTest, SealsOnceWhateverEndsFirst) {
  OpenWith("tcp");
  session_->Finish({.reason = "first"});
  session_->Finish({.reason = "second"});
  agent_.receiver->OnAgentGone(absl::UnavailableError(""));
  client_.End(absl::CancelledError(""));
  Sync();
  ASSERT_EQ(recorded().seals.size(), 1u);
  EXPECT_EQ(recorded().seals[0].reason, "first");
}

TEST_F(SessionTest, HalfClosePassesToPeersThatKnowItAndClosesForOthers) {
  OpenWith("tcp", kAllCapabilities);
  FromClient(TcpRequest("000001", "a"));
  FromClient(Packet(packet::kAgentTcpWrite, {{spec::kConnectionId, "000001"}, {spec::kFin, "1"}}));
  EXPECT_EQ(AgentTypes().back(), "AgentCloseTCPConnection");
}

TEST(PipelineTest, HoldsAndGoesOnBehindTheStageThatHeld) {
  MemoryAuditStore audit;
  struct Observer final : RecordObserver {
    void OnRecordFailed(const absl::Status&) override {}
    void OnRecordPressure(bool) override {}
  } observer;
  SessionContext session;
  session.head.session_id = "s1";
  auto record = *audit.Open(session.head, observer);
  Pipeline pipeline;
  pipeline.AddRequestStage(std::make_unique<HoldStage>());
  PacketContext context{session, Direction::kRequest, "000001", *record};
  Pipeline::Outcome outcome = pipeline.Run(Packet("T", {}, "hold"), context);
  EXPECT_EQ(outcome.kind, Pipeline::Outcome::Kind::kHeld);
  EXPECT_EQ(audit.sessions["s1"].entries.back().kind, RecordKind::kVerdict);
  outcome = pipeline.Run(std::move(outcome.packet), context, outcome.next_stage);
  EXPECT_EQ(outcome.kind, Pipeline::Outcome::Kind::kForward);
  EXPECT_EQ(outcome.packet.payload(), "hold");
}

TEST_F(SessionTest, AnInterruptedSessionHas254InTheRecordAndIs1ForTheClient) {
  OpenWith("tcp");
  session_->Finish({.reason = "killed by ann", .text = "killed", .interrupted = true});
  Sync();
  EXPECT_EQ(recorded().seals.at(0).exit_code, 254);
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "1");
}

TEST_F(SessionTest, TheAgentsOwnFailureIs254ForBoth) {
  OpenWith("command-line");
  FromAgent(Packet(packet::kClientSessionClose, {{spec::kSessionId, "s1"}, {spec::kExitCode, "254"}}, "wrong secrets"));
  Sync();
  EXPECT_EQ(recorded().seals.at(0).exit_code, 254);
  EXPECT_EQ(client_.sent.back().SpecText(spec::kExitCode), "254");
}

// ---- Looking on ----------------------------------------------------------------------------------------------------

class NotedWatcher final : public RecordWatcher {
 public:
  void OnRecorded(absl::Time, RecordKind kind, std::string_view payload) override {
    heard.push_back(fmt::format("{} {}", static_cast<int>(kind), payload));
  }
  void OnOver(absl::Time, const SessionEnd& end) override {
    heard.push_back(fmt::format("over: {} {}", end.reason, end.exit_code.value_or(-1)));
  }
  Types heard;
};

TEST_F(SessionTest, WhoLooksOnHearsWhatIsRecordedFromThenOn) {
  OpenWith("tcp");
  FromClient(TcpRequest("1", "before"));
  auto first = std::make_shared<NotedWatcher>(), second = std::make_shared<NotedWatcher>();
  session_->Watch(first);
  FromClient(TcpRequest("1", "one"));
  session_->Watch(second);
  FromAgent(TcpReply("1", "two"));
  EXPECT_EQ(first->heard, (Types{"3 one", "4 two"}));
  EXPECT_EQ(second->heard, (Types{"4 two"}));
  // The record is what it is without them, and so is what waits for it.
  EXPECT_EQ(recorded().entries.back().payload, "two");
  EXPECT_TRUE(client_.sent.empty());
  Sync();
  EXPECT_EQ(LastClientText(), "two");
}

TEST_F(SessionTest, WhoLooksOnHearsTheEndWhenTheRecordIsSealed) {
  OpenWith("tcp");
  auto watcher = std::make_shared<NotedWatcher>();
  session_->Watch(watcher);
  session_->Finish({.reason = "killed by ann", .interrupted = true});
  EXPECT_TRUE(watcher->heard.empty());
  Sync();
  EXPECT_EQ(watcher->heard, Types{"over: killed by ann 254"});
  auto late = std::make_shared<NotedWatcher>();
  session_->Watch(late);
  EXPECT_EQ(late->heard, Types{"over: killed by ann 254"});
}

TEST_F(SessionTest, WhoLooksOnFromTheBeginningHearsAll) {
  Make("command-line");
  auto watcher = std::make_shared<NotedWatcher>();
  session_->Watch(watcher);
  FromClient(Packet(packet::kAgentSessionOpen));
  FromClient(Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, "s1"}}, "ls"));
  EXPECT_EQ(watcher->heard, Types{"3 ls"});
}

TEST_F(SessionTest, WhoLooksOnHearsOfAnEndWithoutARecord) {
  Make("tcp");
  auto watcher = std::make_shared<NotedWatcher>();
  session_->Watch(watcher);
  client_.receiver->OnEnd(absl::OkStatus());
  EXPECT_EQ(watcher->heard, Types{"over: client left -1"});
}

TEST_F(SessionTest, WhoStopsLookingIsForgotten) {
  OpenWith("tcp");
  auto gone = std::make_shared<NotedWatcher>(), stays = std::make_shared<NotedWatcher>();
  session_->Watch(gone);
  session_->Watch(stays);
  gone.reset();
  FromClient(TcpRequest("1", "one"));
  FromClient(TcpRequest("1", "two"));
  EXPECT_EQ(stays->heard, (Types{"3 one", "3 two"}));
}

TEST_F(SessionTest, WhatCouldNotBeRecordedIsNotShown) {
  OpenWith("tcp");
  auto watcher = std::make_shared<NotedWatcher>();
  session_->Watch(watcher);
  audit_.append_status = ResourceExhausted("the journal is full");
  FromClient(TcpRequest("1", "lost"));
  EXPECT_EQ(std::count(watcher->heard.begin(), watcher->heard.end(), "3 lost"), 0);
}

}  // namespace
}  // namespace hoop

// What peers of either era are told when they come: statuses and texts byte for byte, the unary calls, who waits for
// an agent and who does not, which packets go through and which do not.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/synchronization/notification.h"
#include "base/ids.h"
#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "identity/agent_keys.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/pre_connect.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::PacketImage;
using replay::Peer;

constexpr char kOurCaps[] = "1;streams,chunks,ping";

class Entries : public ::testing::Test {
 protected:
  Entries() {
    gateway_.AddConnection({.connection_name = "echo", .connection_type = "tcp"}, "dev");
    gateway_.AddConnection({.connection_name = "shell", .connection_type = "command-line", .command = {"bash"}}, "dev");
  }

  static Metadata UserHeaders(std::string verb = "connect", std::string connection = "echo") {
    return {{"origin", "client"},
            {"authorization", std::string("Bearer ") + replay::kUserToken},
            {"verb", std::move(verb)},
            {"connection-name", std::move(connection)}};
  }
  Metadata AgentHeaders(const std::string& mode = "standard") {
    return {{"origin", "agent"}, {"version", "1.30.1"}, {"authorization", "Bearer " + gateway_.AddAgent("dev", mode)}};
  }
  Peer& Enter(const Metadata& headers) {
    Peer& peer = gateway_.Connect(headers);
    gateway_.Settle();
    return peer;
  }
  // The status with which a stream of these headers is refused, before any packet.
  absl::Status Refusal(const Metadata& headers) {
    Peer& peer = Enter(headers);
    gateway_.Advance(limits::kAgentWaitTime);
    EXPECT_TRUE(peer.transcript.packets.empty());
    return peer.transcript.end.value_or(absl::OkStatus());
  }
  static Metadata Without(Metadata headers, std::string_view name) {
    Metadata rest;
    for (const auto& [each, value] : headers.entries()) {
      if (each != name) rest.Add(each, value);
    }
    return rest;
  }
  static Metadata With(Metadata headers, std::string name, std::string value) {
    headers = Without(std::move(headers), name);
    headers.Add(std::move(name), std::move(value));
    return headers;
  }
  void Send(Peer& peer, Packet packet) {
    peer.Send(std::move(packet));
    gateway_.Settle();
  }
  // A session between two old peers; its id.
  std::string Open(Peer& agent, Peer& client, Packet open = Packet(packet::kAgentSessionOpen)) {
    Send(client, std::move(open));
    const std::string id = agent.transcript.packets.back().Get(spec::kSessionId);
    Send(agent, Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, id}, {spec::kConnectionType, "tcp"}}));
    return id;
  }
  static std::vector<std::string> Types(const Peer& peer) {
    std::vector<std::string> types;
    for (const PacketImage& packet : peer.transcript.packets) types.push_back(packet.type);
    return types;
  }
  // One that began and ended at once, once.
  void ExpectEmptyRecord(const std::string& session_id, const std::string& reason) {
    const auto recorded = gateway_.audit().sessions.find(session_id);
    ASSERT_NE(recorded, gateway_.audit().sessions.end());
    ASSERT_EQ(recorded->second.entries.size(), 2u);
    EXPECT_EQ(recorded->second.entries[0].kind, RecordKind::kOpen);
    ASSERT_EQ(recorded->second.seals.size(), 1u);
    EXPECT_EQ(recorded->second.seals[0].reason, reason);
  }
  absl::StatusOr<std::string> Unary(const std::string& method, const Metadata& headers, std::string request = "") {
    absl::StatusOr<std::string> result = Internal("not answered");
    gateway_.CallUnary(method, headers, std::move(request),
                       [&result](absl::StatusOr<std::string> answer) { result = std::move(answer); });
    gateway_.Settle();
    return result;
  }

  GatewayUnderTest gateway_;
};

TEST_F(Entries, RefuseWhoDoesNotSayWhoHeIs) {
  const auto refused = [this](const Metadata& headers) { return Refusal(headers).ToString(); };
  EXPECT_EQ(refused(Without(UserHeaders(), "origin")), "INVALID_ARGUMENT: missing client origin");
  EXPECT_EQ(refused(Without(UserHeaders(), "authorization")), "UNAUTHENTICATED: invalid authentication");
  for (const char* bearer : {"bearer x", "Bearer", "Bearer ", "Bearer  x", "Bearer a b", "Basic x", "Bearer wrong"}) {
    EXPECT_EQ(refused(With(UserHeaders(), "authorization", bearer)), "UNAUTHENTICATED: invalid authentication");
  }
}

TEST_F(Entries, RefuseWhatAUserMayNotDo) {
  const auto refused = [this](const Metadata& headers) { return Refusal(headers).ToString(); };
  EXPECT_EQ(refused(UserHeaders("connect", "nope")), "NOT_FOUND: connection not found");
  EXPECT_EQ(refused(Without(UserHeaders(), "connection-name")), "NOT_FOUND: connection not found");
  EXPECT_EQ(refused(Without(UserHeaders(), "verb")), "INVALID_ARGUMENT: missing verb");
  EXPECT_EQ(refused(UserHeaders("plain-exec")), "FAILED_PRECONDITION: verb plain-exec is not known");
  EXPECT_EQ(refused(UserHeaders("exec")),
            "INVALID_ARGUMENT: exec is not allowed for tcp type connections. Use 'hoop connect echo' instead");
}

TEST_F(Entries, TellWhetherAnAdministratorKilledASession) {
  Peer& agent = Enter(AgentHeaders());
  const auto told = [&](const std::string& by) {
    Peer& client = Enter(UserHeaders());
    gateway_.KillSession(Open(agent, client), by);
    gateway_.Settle();
    EXPECT_EQ(client.transcript.end->ToString(), "UNKNOWN: session killed by the user");  // the real one's words
    return client.transcript.packets.back().payload;
  };
  EXPECT_EQ(told("admin@example.test"), "session killed by the user");
  EXPECT_EQ(told("other@example.test"), "session killed by an administrator");
}

TEST_F(Entries, RefuseAgentsByTheShapeOfTheirToken) {
  const std::string dsn = gateway_.AddAgent("dev", "standard");
  const auto refused = [this](const std::string& token) {
    return Refusal({{"origin", "agent"}, {"authorization", "Bearer " + token}}).ToString();
  };
  EXPECT_EQ(refused("x-agt-unknown"), "UNAUTHENTICATED: invalid authentication");
  EXPECT_EQ(refused("neither"), "UNAUTHENTICATED: invalid authentication");
  EXPECT_EQ(refused("grpc://dev:xagt-wrong@127.0.0.1:8010?mode=standard"), "UNAUTHENTICATED: invalid authentication");
  std::string other_name = dsn;
  other_name.replace(dsn.find("dev"), 3, "ops");
  EXPECT_EQ(refused(other_name), "UNAUTHENTICATED: invalid authentication, mismatch dsn attributes");
  EXPECT_EQ(refused(dsn.substr(0, dsn.find('?')) + "?mode=embedded"),
            "UNAUTHENTICATED: invalid authentication, mismatch dsn attributes");
}

TEST_F(Entries, TakeADsnWithoutAMode) {
  const std::string dsn = gateway_.AddAgent("dev", "standard");
  Peer& agent = Enter({{"origin", "agent"}, {"authorization", "Bearer " + dsn.substr(0, dsn.find('?'))}});
  EXPECT_EQ(Types(agent), std::vector<std::string>{"AgentGatewayConnectOK"});
}

TEST_F(Entries, TakeTheHeaderNamesOfOldClients) {
  Enter(AgentHeaders());
  Metadata headers = Without(UserHeaders(), "connection-name");
  headers.Add("connection_name", "echo");
  Peer& client = Enter(headers);
  Send(client, Packet(packet::kAgentSessionOpen));
  EXPECT_EQ(gateway_.sessions().size(), 1u);
}

TEST_F(Entries, ASessionIdOfTheClientsChoiceIsIgnored) {
  Peer& agent = Enter(AgentHeaders());
  Metadata headers = UserHeaders();
  headers.Add("session-id", "11111111-2222-4333-8444-555555555555");
  headers.Add("impersonate-auth-key", "x");
  Peer& client = Enter(headers);
  const std::string id = Open(agent, client, Packet(packet::kAgentSessionOpen, {{spec::kSessionId, "mine"}}));
  EXPECT_NE(id, "11111111-2222-4333-8444-555555555555");
  EXPECT_NE(id, "mine");
}

TEST_F(Entries, OldClientsWaitForAnAgentThatIsAway) {
  Peer& patient = Enter(UserHeaders());
  Peer& too_early = Enter(UserHeaders());
  gateway_.Advance(limits::kAgentWaitTime - absl::Seconds(1));
  EXPECT_FALSE(too_early.transcript.end.has_value());
  too_early.Leave();
  Peer& agent = Enter(AgentHeaders());
  Open(agent, patient);
  EXPECT_EQ(Types(patient), std::vector<std::string>{"ClientSessionOpenOK"});
  EXPECT_EQ(gateway_.sessions().size(), 1u);
}

TEST_F(Entries, SayThatAnAgentStaysAway) {
  EXPECT_EQ(Refusal(UserHeaders()).ToString(), "FAILED_PRECONDITION: agent is offline");
  // Our own clients ask again by themselves, and hear who it is.
  gateway_.AddAgent("dev", "standard");
  Peer& ours = Enter(With(UserHeaders(), "hoop-caps", kOurCaps));
  ASSERT_EQ(ours.transcript.packets.size(), 1u);
  EXPECT_EQ(ours.transcript.packets[0].Get(spec::kRetry), "1");
  EXPECT_EQ(ours.transcript.packets[0].payload,
            "agent is offline: echo is served by agent dev: start hoop-agent there, or see its log");
  EXPECT_EQ(
      ours.transcript.end->ToString(),
      "FAILED_PRECONDITION: agent is offline: echo is served by agent dev: start hoop-agent there, or see its log");
  ASSERT_OK(gateway_.store().agents().Delete(gateway_.user().org_id, "dev"));
  Peer& later = Enter(With(UserHeaders(), "hoop-caps", kOurCaps));
  EXPECT_EQ(later.transcript.packets[0].payload,
            "agent is offline: echo is served by an agent that was deleted: `hoop admin update connection echo -a "
            "AGENT` gives it another");
}

TEST_F(Entries, WhoFindsNoAgentIsInTheListOfSessions) {
  gateway_.AddAgent("dev", "standard");
  const auto rows = [this] { return *gateway_.store().sessions().List(gateway_.user().org_id, {}); };
  EXPECT_FALSE(Refusal(UserHeaders()).ok());
  ASSERT_EQ(rows().size(), 1u);
  const SessionRow of_old = rows()[0];
  EXPECT_EQ(of_old.head.connection, "echo");
  EXPECT_EQ(of_old.head.user_id, gateway_.user().user_id);
  ExpectEmptyRecord(of_old.head.session_id, "agent is offline");

  const Metadata headers = With(UserHeaders(), "hoop-caps", kOurCaps);
  Peer& ours = Enter(With(headers, "correlation-id", "ticket-7"));
  ASSERT_EQ(rows().size(), 2u);
  const auto told = gateway_.store().sessions().Find(ours.transcript.packets.at(0).Get(spec::kSessionId));
  ASSERT_OK(told);
  EXPECT_EQ(told->notes.correlation_id, "ticket-7");
  ExpectEmptyRecord(told->head.session_id,
                    "agent is offline: echo is served by agent dev: start hoop-agent there, or see its log");

  // Who does not wait for it, and who asks for what nobody could have, leaves nothing.
  Enter(UserHeaders()).Leave();
  gateway_.Settle();
  gateway_.Advance(limits::kAgentWaitTime);
  EXPECT_FALSE(Refusal(UserHeaders("exec")).ok());
  EXPECT_EQ(rows().size(), 2u);

  // Without a record the row ends alone.
  gateway_.audit().open_status = ResourceExhausted("journal is full");
  EXPECT_FALSE(Refusal(UserHeaders()).ok());
  const auto ended = rows();
  ASSERT_EQ(ended.size(), 3u);
  const auto done = std::find_if(ended.begin(), ended.end(),
                                 [](const SessionRow& row) { return row.status == SessionStatus::kDone; });
  ASSERT_NE(done, ended.end());
  EXPECT_EQ(done->end_reason, "agent is offline");
  EXPECT_EQ(done->exit_code, 254);
  EXPECT_EQ(*done->ended_at - done->head.started_at, limits::kAgentWaitTime);
  gateway_.audit().open_status = absl::OkStatus();

  ASSERT_OK(gateway_.store().database().Write(Durability::kNormal, [](Transaction& transaction) {
    return transaction.Execute("alter table sessions rename to gone").status();
  }));
  EXPECT_EQ(
      Enter(headers).transcript.end->ToString(),
      "FAILED_PRECONDITION: agent is offline: echo is served by agent dev: start hoop-agent there, or see its log");
}

TEST_F(Entries, WhoFloodedBeginsNothingNew) {
  gateway_.AddAgent("dev", "standard");
  for (int flood = 0; flood < 2; ++flood) {  // each counts anew: the one before is over when Refusal returns
    gateway_.admission().OnCut(gateway_.user().user_id, ResourceExhausted("too many"));
    EXPECT_STATUS(Refusal(UserHeaders()), absl::StatusCode::kResourceExhausted, "was cut for what it sent");
  }
  gateway_.admission().OnCut(gateway_.user().user_id, ResourceExhausted("too many"));
  Enter(UserHeaders());  // from now on its bearer is known
  // What belongs to a session that goes on is looked at as always: here there is none.
  const absl::Status of_session = Refusal(With(UserHeaders(), std::string(header::kSession), "unknown"));
  EXPECT_FALSE(of_session.ok());
  EXPECT_FALSE(absl::IsResourceExhausted(of_session)) << of_session;
}

TEST_F(Entries, WhoLeavesBeforeHeOpensHasAnEmptyRecord) {
  Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  ASSERT_EQ(gateway_.sessions().size(), 1u);
  client.Leave();
  gateway_.Settle();
  const auto rows = *gateway_.store().sessions().List(gateway_.user().org_id, {});
  ASSERT_EQ(rows.size(), 1u);
  ExpectEmptyRecord(rows[0].head.session_id, "client left");
}

TEST_F(Entries, AnAgentOnDemandConnectsWhenSomebodyWaits) {
  const Metadata headers = AgentHeaders("embedded");
  const Metadata call{{"authorization", std::string(headers.Get("authorization"))}};
  EXPECT_EQ(*Unary("PreConnect", call),
            "\x0a\x07"
            "BACKOFF");
  Peer& old = Enter(UserHeaders());
  Peer& ours = Enter(With(UserHeaders(), "hoop-caps", kOurCaps));
  EXPECT_EQ(*Unary("PreConnect", call),
            "\x0a\x07"
            "CONNECT");
  EXPECT_FALSE(ours.transcript.end.has_value());
  Enter(headers);
  Send(old, Packet(packet::kAgentSessionOpen));
  Send(ours, Packet(packet::kAgentSessionOpen));
  EXPECT_EQ(gateway_.sessions().size(), 2u);
  EXPECT_EQ(*Unary("PreConnect", call),
            "\x0a\x07"
            "BACKOFF");
}

TEST_F(Entries, PreConnectIsForAgents) {
  EXPECT_STATUS(Unary("PreConnect", {}), absl::StatusCode::kUnauthenticated, "invalid authentication");
  EXPECT_STATUS(Unary("PreConnect", {{"authorization", std::string("Bearer ") + replay::kUserToken}}),
                absl::StatusCode::kUnauthenticated, "invalid authentication");
  const Metadata agent{{"authorization", "Bearer " + gateway_.AddAgent("dev", "embedded")}};
  EXPECT_STATUS(Unary("PreConnect", agent, "\x08\x01"), absl::StatusCode::kInvalidArgument, "not such a message");
}

// Agents that bring their connection along, as `hoop run` does with the organization's key.
class PublishingAgents : public Entries {
 protected:
  Metadata Call(const std::string& name = "_default", const std::string& mode = "multi-connection") {
    return {{"authorization", "Bearer " + gateway_.AddAgent(name, mode)}};
  }
  Metadata Stream(const std::string& connection) {
    Metadata headers = Call();
    headers.Add("origin", "agent");
    if (!connection.empty()) headers.Add("connection-name", connection);
    return headers;
  }
  PreConnectResponse Poll(const PreConnectRequest& request, const Metadata& headers) {
    const auto answer = Unary("PreConnect", headers, EncodePreConnectRequest(request));
    EXPECT_OK(answer);
    return answer.ok() ? *ParsePreConnectResponse(*answer) : PreConnectResponse();
  }
  PreConnectResponse Poll(const PreConnectRequest& request) { return Poll(request, Call()); }

  const PreConnectRequest shell_{.name = "runcon", .type = "custom", .command = {"bash"}};
};

TEST_F(PublishingAgents, AreServedByTheConnectionTheyBring) {
  EXPECT_EQ(Poll(shell_).status, "BACKOFF");
  Peer& client = Enter(UserHeaders("exec", "runcon"));
  EXPECT_EQ(Poll(shell_).status, "CONNECT");
  Peer& agent = Enter(Stream("runcon"));
  Send(client, Packet(packet::kAgentSessionOpen));
  ASSERT_EQ(Types(agent), (std::vector<std::string>{"AgentGatewayConnectOK", "AgentSessionOpen"}));
  const auto params = DecodeConnectionParams(agent.transcript.packets[1].Get(spec::kConnectionParams));
  EXPECT_EQ(params->connection_name, "runcon");
  EXPECT_EQ(params->command, std::vector<std::string>{"bash"});
  // It stays; the next user has no need to wait.
  EXPECT_EQ(Poll(shell_).status, "BACKOFF");
  Peer& next = Enter(UserHeaders("exec", "runcon"));
  Send(next, Packet(packet::kAgentSessionOpen));
  EXPECT_EQ(gateway_.sessions().size(), 2u);
}

TEST_F(PublishingAgents, ShareAKeyAndHaveAStreamEach) {
  for (const char* name : {"one", "two"}) {
    Poll({.name = name, .type = "custom", .command = {"bash"}});
    EXPECT_EQ(Types(Enter(Stream(name))), std::vector<std::string>{"AgentGatewayConnectOK"});
  }
  EXPECT_STATUS(Refusal(Stream("")), absl::StatusCode::kFailedPrecondition, "missing connection-name attribute");
  EXPECT_EQ(Refusal(Stream("three")).ToString(), "INVALID_ARGUMENT: connection three is not managed by agent _default");
  EXPECT_EQ(Refusal(Stream("echo")).ToString(), "INVALID_ARGUMENT: connection echo is not managed by agent _default");
}

TEST_F(PublishingAgents, ChangeTheirConnectionByAskingAgain) {
  Poll(shell_);
  PreConnectRequest changed = shell_;
  changed.command = {"sh", "-i"};
  changed.env_vars = {{"envvar:A", "Qg=="}};
  Poll(changed);
  const ConnectionRow row = gateway_.Connection("runcon");
  EXPECT_EQ(row.command, (std::vector<std::string>{"sh", "-i"}));
  EXPECT_EQ(row.secrets, changed.env_vars);
  EXPECT_EQ(row.managed_by, "hoopagent");
}

TEST_F(PublishingAgents, TakeNoConnectionOfOthers) {
  const char kTaken[] = "connection echo is not being managed by this process, choose another name";
  const PreConnectResponse taken = Poll({.name = "echo", .type = "custom"});
  EXPECT_EQ(taken.status, "BACKOFF");
  EXPECT_EQ(taken.message, kTaken);
  Poll(shell_);
  EXPECT_EQ(Poll(shell_, Call("other", "embedded")).status, "BACKOFF");
  EXPECT_NE(Poll(shell_, Call("other", "embedded")).message, "");
  EXPECT_EQ(Poll({.name = "fresh", .type = "custom"}, Call("dev", "standard")).message,
            "agent dev is of mode standard, which brings no connections along");
}

TEST_F(PublishingAgents, AreToldWhatIsWrongWithTheirConnection) {
  EXPECT_EQ(Poll({.name = "runcon", .type = "nonsense"}).message, "connection type nonsense is none");
  EXPECT_NE(Poll({.name = "a:b", .type = "custom"}).message.find("alphanumeric"), std::string::npos);
  const auto variable = Poll({.name = "runcon", .type = "custom", .env_vars = {{"A", "b"}}});
  EXPECT_NE(variable.message.find("neither envvar:NAME"), std::string::npos);
}

TEST_F(PublishingAgents, WhoWaitsHearsThatTheConnectionIsLost) {
  Poll(shell_);
  Peer& client = Enter(UserHeaders("exec", "runcon"));
  ConnectionRow row = gateway_.Connection("runcon");
  row.managed_by.reset();  // somebody made it his own
  gateway_.Replace(row);
  EXPECT_NE(Poll(shell_).message, "");
  EXPECT_STATUS(*client.transcript.end, absl::StatusCode::kAborted, "is not being managed by this process");
}

TEST_F(PublishingAgents, AreOnlineWhileTheyAsk) {
  Poll(shell_);
  const std::string route = RouteOf(gateway_.Connection("runcon"));
  EXPECT_TRUE(gateway_.router().IsOnline(route));
  gateway_.Advance(limits::kPollPatience - absl::Seconds(1));
  Poll(shell_);
  gateway_.Advance(limits::kPollPatience - absl::Seconds(1));
  EXPECT_TRUE(gateway_.router().IsOnline(route));
  gateway_.Advance(limits::kPollPatience);
  EXPECT_FALSE(gateway_.router().IsOnline(route));
}

TEST_F(PublishingAgents, OfOursAreGoneWithTheConnectionTheyAskOn) {
  Poll(shell_, With(Call(), "hoop-caps", kOurCaps));
  const std::string route = RouteOf(gateway_.Connection("runcon"));
  EXPECT_TRUE(gateway_.router().IsOnline(route));
  gateway_.EndCalls();
  gateway_.Settle();
  EXPECT_FALSE(gateway_.router().IsOnline(route));
}

TEST_F(PublishingAgents, OfOursAreCalledBeforeSomebodyWaits) {
  const Metadata ours = With(Call(), "hoop-caps", kOurCaps);
  EXPECT_EQ(Poll(shell_, ours).status, "CONNECT");
  Enter(Stream("runcon"));
  EXPECT_EQ(Poll(shell_, ours).status, "BACKOFF") << "another process stands by";
}

TEST_F(PublishingAgents, WhoWaitsForOneOfOursHearsThatItIsGone) {
  Poll(shell_, With(Call(), "hoop-caps", kOurCaps));
  Peer& client = Enter(With(UserHeaders("exec", "runcon"), "hoop-caps", kOurCaps));
  EXPECT_FALSE(client.transcript.end.has_value());
  gateway_.EndCalls();
  gateway_.Settle();
  ASSERT_TRUE(client.transcript.end.has_value());
  EXPECT_STATUS(
      *client.transcript.end, absl::StatusCode::kFailedPrecondition,
      "agent is offline: runcon is served by a process that brings it along, as `hoop run` does: start that again");
}

TEST_F(PublishingAgents, OfOursThatLeaveBeforeTheyAreAnsweredAreGone) {
  absl::Notification look;
  gateway_.PostToAdmission([&look] { look.WaitForNotification(); });
  gateway_.CallUnary("PreConnect", With(Call(), "hoop-caps", kOurCaps), EncodePreConnectRequest(shell_), [](auto) {});
  gateway_.loop().Turn();
  gateway_.EndCalls();
  gateway_.loop().Turn();
  look.Notify();
  gateway_.Settle();
  EXPECT_FALSE(gateway_.router().IsOnline(RouteOf(gateway_.Connection("runcon"))));
}

TEST_F(PublishingAgents, OfOthersMayAskOnAConnectionEach) {
  Poll(shell_);
  gateway_.EndCalls();
  gateway_.Settle();
  EXPECT_TRUE(gateway_.router().IsOnline(RouteOf(gateway_.Connection("runcon"))));
}

TEST_F(PublishingAgents, OurClientsWaitForNobodyWhoDoesNotAsk) {
  Poll(shell_);
  const Metadata headers = With(UserHeaders("exec", "runcon"), "hoop-caps", kOurCaps);
  Peer& early = Enter(headers);
  EXPECT_FALSE(early.transcript.end.has_value());
  early.Leave();
  gateway_.Advance(limits::kPollPatience);
  Peer& late = Enter(headers);
  ASSERT_EQ(late.transcript.packets.size(), 1u);
  EXPECT_EQ(late.transcript.packets[0].Get(spec::kRetry), "1");
  EXPECT_STATUS(
      *late.transcript.end, absl::StatusCode::kFailedPrecondition,
      "agent is offline: runcon is served by a process that brings it along, as `hoop run` does: start that again");
}

TEST_F(PublishingAgents, BringSoManyConnectionsAndNoMore) {
  Poll(shell_);
  ConnectionRow row = gateway_.Connection("runcon");
  for (size_t i = 1; i < limits::kPublishedConnectionsMax; ++i) {
    row.id = NewUuid();
    row.name = fmt::format("filler{}", i);
    gateway_.Replace(row);
  }
  EXPECT_NE(Poll({.name = "onemore", .type = "custom"}).message.find("at most 1000"), std::string::npos);
  EXPECT_EQ(Poll(shell_).message, "") << "what is there is served";
}

TEST_F(Entries, AnswerTheOtherUnaryCalls) {
  EXPECT_EQ(*Unary("HealthCheck", {}), "\x0a\x02OK");
  const auto unknown = Unary("Other", {});
  EXPECT_EQ(unknown.status().ToString(), "UNIMPLEMENTED: unknown method Other for service protobuf.Transport");
}

TEST_F(Entries, ConsumeWhatIsForTheGateway) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  const std::string id = Open(agent, client);
  client.transcript.packets.clear();
  for (const char* type : {"GatewayKeepAlive", "KeepAlive", "ClientAgentLogs", "ClientSessionAnalyzerMetrics",
                           "SysBareExecResponse", "ClientSomethingNew"}) {
    Send(agent, Packet(type, {{spec::kSessionId, id}}, "x"));
  }
  Send(agent, Packet(packet::kClientTcpWrite, {{spec::kSessionId, id}, {spec::kMcpEvent, "1"}}, "audit"));
  Send(agent, Packet(packet::kClientTcpWrite, {{spec::kConnectionId, "1"}}, "whose?"));
  EXPECT_EQ(Types(client), std::vector<std::string>());
  agent.transcript.packets.clear();
  Send(client, Packet(packet::kKeepAlive));
  Send(client, Packet(packet::kLegacyKeepAlive));
  EXPECT_EQ(Types(agent), std::vector<std::string>());
}

TEST_F(Entries, RefuseTypesThatAClientMayNotSay) {
  Peer& agent = Enter(AgentHeaders());
  for (const char* type : {"SysBareExecRequest", "ClientSessionClose", "ClientTCPConnectionWrite"}) {
    Peer& client = Enter(UserHeaders());
    Open(agent, client);
    Send(client, Packet(type, {{spec::kConnectionId, "1"}}, "x"));
    EXPECT_STATUS(*client.transcript.end, absl::StatusCode::kPermissionDenied, type);
    EXPECT_EQ(agent.transcript.packets.back().type, "AgentSessionClose");
  }
}

TEST_F(Entries, PutTheSessionIdOnEveryPacket) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders("exec", "shell"));
  const std::string id = Open(agent, client);
  Send(client, Packet(packet::kAgentExecWriteStdin, {}, "echo"));  // no spec at all
  EXPECT_EQ(agent.transcript.packets.back().spec, (std::map<std::string, std::string>{{"gateway.session_id", id}}));
  Peer& second = Enter(UserHeaders());
  const std::string other = Open(agent, second);
  Send(second, Packet(packet::kAgentTcpWrite, {{spec::kSessionId, id}, {spec::kConnectionId, "1"}}, "x"));
  EXPECT_EQ(agent.transcript.packets.back().Get(spec::kSessionId), other);
}

TEST_F(Entries, DropLatePacketsOfClosedConnections) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  const std::string id = Open(agent, client);
  const auto of = [&id](packet::Type type, std::string_view payload = "") {
    return Packet(type, {{spec::kSessionId, id}, {spec::kConnectionId, "1"}}, payload);
  };
  Send(client, of(packet::kAgentTcpWrite, "hi"));
  Send(client, of(packet::kAgentConnectionClose));
  const size_t before = client.transcript.packets.size();
  Send(agent, of(packet::kClientTcpWrite, "late"));
  Send(agent, of(packet::kClientConnectionClose));
  EXPECT_EQ(client.transcript.packets.size(), before) << "fatal for clients of 2024";
  agent.transcript.packets.clear();
  Send(client, of(packet::kAgentTcpWrite, "again"));
  EXPECT_EQ(Types(agent), std::vector<std::string>());
  // 1 is over, 10 is not: ids are compared whole.
  Send(client, Packet(packet::kAgentTcpWrite, {{spec::kConnectionId, "10"}}, "ten"));
  EXPECT_EQ(Types(agent), std::vector<std::string>{"AgentTCPConnectionWrite"});
}

TEST_F(Entries, OldAgentsHearOfEveryClose) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  const std::string id = Open(agent, client);
  const auto close_of = [](std::string_view connection) {
    return Packet(packet::kAgentConnectionClose, {{spec::kConnectionId, connection}});
  };
  Send(client, Packet(packet::kAgentTcpWrite, {{spec::kConnectionId, "1"}}, "hi"));
  Send(agent, Packet(packet::kClientConnectionClose, {{spec::kSessionId, id}, {spec::kConnectionId, "1"}}));
  EXPECT_EQ(client.transcript.packets.back().type, "ClientTCPConnectionClose");
  agent.transcript.packets.clear();
  Send(client, close_of("1"));  // the answer to the agent's own
  Send(client, close_of("2"));  // never used
  EXPECT_EQ(Types(agent), (std::vector<std::string>{"AgentCloseTCPConnection", "AgentCloseTCPConnection"}));
  EXPECT_EQ(agent.transcript.packets[1].Get(spec::kSessionId), id);
}

TEST_F(Entries, APacketThatGrowsTooLargeEndsItsSessionOnly) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  Peer& neighbour = Enter(UserHeaders());
  Open(agent, client);
  Open(agent, neighbour);
  // As large as may be sent, without the session id that the gateway adds.
  const Packet empty(packet::kAgentTcpWrite, {{spec::kConnectionId, "1"}}, "x");
  const std::string payload(limits::kMessageSendBytesMax - empty.size() - 8, 'x');
  Send(client, Packet(packet::kAgentTcpWrite, {{spec::kConnectionId, "1"}}, payload));
  EXPECT_STATUS(*client.transcript.end, absl::StatusCode::kResourceExhausted, "larger than max");
  EXPECT_FALSE(agent.transcript.end.has_value());
  EXPECT_FALSE(neighbour.transcript.end.has_value());
}

TEST_F(Entries, CloseComesBeforeTheEndOfTheStream) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders("exec", "shell"));
  const std::string id = Open(agent, client);
  Send(agent, Packet(packet::kClientSessionClose, {{spec::kSessionId, id}, {spec::kExitCode, "3"}}, "failed"));
  // Agents of 2024 say open-ok behind a close: nobody hears it.
  Send(agent, Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, id}}));
  EXPECT_EQ(Types(client), (std::vector<std::string>{"ClientSessionOpenOK", "ClientSessionClose"}));
  EXPECT_EQ(client.transcript.packets.back().Get(spec::kExitCode), "3");
  EXPECT_OK(*client.transcript.end);
}

TEST_F(Entries, AnAgentThatIsGoneIsACloseAndAStatus) {
  Peer& agent = Enter(AgentHeaders());
  Peer& client = Enter(UserHeaders());
  Open(agent, client);
  agent.Leave();
  gateway_.Settle();
  EXPECT_EQ(client.transcript.packets.back().type, "ClientSessionClose");
  EXPECT_EQ(client.transcript.packets.back().payload, "agent has disconnected");
  EXPECT_EQ(client.transcript.packets.back().Get(spec::kRetry), "") << "a key of ours, to an old client";
  EXPECT_STATUS(*client.transcript.end, absl::StatusCode::kUnavailable, "agent has disconnected");
}

TEST_F(Entries, NoAgentStreamEndsWithCanceled) {
  Peer& agent = Enter(AgentHeaders());
  Peer& second = Enter(AgentHeaders());
  gateway_.Advance(limits::kDuplicateAgentTime);
  EXPECT_EQ(second.transcript.end->ToString(), "FAILED_PRECONDITION: agent already connected");
  EXPECT_FALSE(agent.transcript.end.has_value());
  gateway_.Shutdown();
  ASSERT_TRUE(agent.transcript.end.has_value());
  EXPECT_EQ(agent.transcript.end->ToString(), "UNAVAILABLE: gateway shutdown");
}

}  // namespace
}  // namespace hoop

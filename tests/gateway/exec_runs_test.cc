// Commands that REST asks for, from the order to the seal: the gateway as its own client, with a scripted agent.
#include "gateway/exec_runs.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/gob.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::PacketImage;
using replay::Peer;

class ExecRunsTest : public ::testing::Test {
 protected:
  ExecRunsTest() {
    gateway_.AddConnection({.connection_name = "echo", .connection_type = "tcp"}, "dev");
    gateway_.AddConnection({.connection_name = "shell", .connection_type = "command-line", .command = {"bash"}}, "dev");
  }

  Peer& ConnectAgent() {
    Peer& agent = gateway_.Connect({{"origin", "agent"},
                                    {"version", "1.30.1"},
                                    {"authorization", "Bearer " + gateway_.AddAgent("dev", "standard")}});
    gateway_.Settle();
    agent.transcript.packets.clear();
    return agent;
  }

  // Asks for a command; its session's id. How it ended appears in ended_.
  std::string Run(const std::string& connection = "shell") {
    rest::ExecOrder order{.session_id = NewUuid(), .connection = connection, .script = "echo $1 $BAR"};
    order.identity = {.org_id = gateway_.store().default_organization().id,
                      .user_id = "u1",
                      .subject = "ann",
                      .email = "ann@example.test",
                      .is_admin = true};
    order.client_args = {"-s", "one"};
    order.env_vars = {{"envvar:BAR", "YmFy"}};
    const std::string id = order.session_id;
    gateway_.exec().Run(std::move(order), [this](absl::Status status) {
      absl::MutexLock lock(&mu_);
      ended_ = std::move(status);
    });
    gateway_.Settle();
    return id;
  }
  std::optional<absl::Status> Ended() {
    gateway_.Settle();
    absl::MutexLock lock(&mu_);
    return ended_;
  }
  SessionRow Row(const std::string& id) {
    auto row = gateway_.store().sessions().Find(id);
    EXPECT_OK(row);
    return row.ok() ? *row : SessionRow();
  }
  // One that began and ended at once, once.
  void ExpectEmptyRecord(const std::string& id, const std::string& reason) {
    ASSERT_TRUE(gateway_.audit().sessions.contains(id));
    const auto& session = gateway_.audit().sessions.at(id);
    EXPECT_EQ(session.entries.size(), 2u);
    ASSERT_EQ(session.seals.size(), 1u);
    EXPECT_EQ(session.seals[0].reason, reason);
    EXPECT_EQ(session.seals[0].exit_code, 254);
  }
  void Send(Peer& agent, Packet packet) {
    agent.Send(std::move(packet));
    gateway_.Settle();
  }
  void SendClose(Peer& agent, const std::string& id, const char* code, const char* text = "") {
    Send(agent, Packet(packet::kClientSessionClose, {{spec::kSessionId, id}, {spec::kExitCode, code}}, text));
  }
  void SendOpenOk(Peer& agent, const std::string& id) {
    Send(agent,
         Packet(packet::kClientSessionOpenOk, {{spec::kSessionId, id}, {spec::kConnectionType, "command-line"}}));
  }

  GatewayUnderTest gateway_;
  absl::Mutex mu_;
  std::optional<absl::Status> ended_ ABSL_GUARDED_BY(mu_);
};

TEST_F(ExecRunsTest, TheAgentHearsWhatItHearsOfARealClient) {
  Peer& agent = ConnectAgent();
  const std::string id = Run();
  ASSERT_EQ(agent.transcript.packets.size(), 1u);
  const PacketImage open = agent.transcript.packets[0];
  EXPECT_EQ(open.type, packet::kAgentSessionOpen);
  EXPECT_EQ(open.Get(spec::kSessionId), id);
  EXPECT_EQ(*DecodeGobStrings(open.Get(spec::kTerminalArgs)), (std::vector<std::string>{"-s", "one"}));
  const auto params = *DecodeConnectionParams(open.Get(spec::kConnectionParams));
  EXPECT_EQ(params.client_origin, "client-api");
  EXPECT_EQ(params.client_verb, "exec");
  EXPECT_EQ(params.user_email, "ann@example.test");
  SendOpenOk(agent, id);
  ASSERT_EQ(agent.transcript.packets.size(), 2u);
  const PacketImage input = agent.transcript.packets[1];
  EXPECT_EQ(input.type, packet::kAgentExecWriteStdin);
  EXPECT_EQ(input.payload, "echo $1 $BAR");
  EXPECT_EQ(DecodeGobStringMap(input.Get(spec::kTerminalEnvVars))->at("envvar:BAR"), "YmFy");
  EXPECT_FALSE(Ended().has_value());
}

TEST_F(ExecRunsTest, TheRecordHasWhatWasSaidBeforeTheEndIsTold) {
  Peer& agent = ConnectAgent();
  const std::string id = Run();
  SendOpenOk(agent, id);
  Send(agent, Packet(packet::kClientWriteStdout, {{spec::kSessionId, id}}, "out"));
  Send(agent, Packet(packet::kClientWriteStderr, {{spec::kSessionId, id}}, "err"));
  SendClose(agent, id, "3", "failed executing command, reason=exit status 3");
  ASSERT_TRUE(Ended().has_value());
  EXPECT_OK(*Ended());
  const auto& session = gateway_.audit().sessions.at(id);
  std::vector<std::string> said;
  for (const RecordEntry& entry : session.entries) {
    if (entry.kind == RecordKind::kInput || entry.kind == RecordKind::kOutput ||
        entry.kind == RecordKind::kErrorOutput) {
      said.push_back(entry.payload);
    }
  }
  EXPECT_EQ(said, (std::vector<std::string>{"echo $1 $BAR", "out", "err"}));
  ASSERT_EQ(session.seals.size(), 1u);
  EXPECT_EQ(session.seals[0].exit_code, 3);
  EXPECT_EQ(session.head.origin, "client-api");
  EXPECT_EQ(gateway_.sessions().size(), 0u);
}

TEST_F(ExecRunsTest, TheRowIsThereWhileTheAgentIsWaitedFor) {
  const std::string id = Run();
  EXPECT_EQ(Row(id).status, SessionStatus::kOpen);
  gateway_.Advance(limits::kAgentWaitTime / 2);
  EXPECT_FALSE(Ended().has_value());
  Peer& agent = ConnectAgent();
  gateway_.Settle();
  ASSERT_EQ(gateway_.sessions().size(), 1u);
  SendClose(agent, id, "0");
  EXPECT_OK(*Ended());
}

// Hears what sessions record.
class NotedWatcher final : public RecordWatcher {
 public:
  void OnRecorded(absl::Time, RecordKind, std::string_view payload) override { heard.emplace_back(payload); }
  void OnOver(absl::Time, const SessionEnd& end) override { heard.push_back("over: " + end.reason); }
  std::vector<std::string> heard;
};

TEST_F(ExecRunsTest, WhoLooksOnWhileTheAgentIsWaitedForHearsAll) {
  const std::string id = Run();
  auto watcher = std::make_shared<NotedWatcher>();
  gateway_.sessions().Watch(id, std::make_shared<NotedWatcher>());  // left already
  gateway_.sessions().Watch(id, watcher);
  Peer& agent = ConnectAgent();
  gateway_.Settle();
  SendOpenOk(agent, id);
  Send(agent, Packet(packet::kClientWriteStdout, {{spec::kSessionId, id}}, "out"));
  SendClose(agent, id, "0");
  ASSERT_GE(watcher->heard.size(), 3u);
  EXPECT_EQ(watcher->heard[watcher->heard.size() - 3], "echo $1 $BAR");
  EXPECT_EQ(watcher->heard[watcher->heard.size() - 2], "out");
  EXPECT_EQ(watcher->heard.back(), "over: finished");
}

TEST_F(ExecRunsTest, AnAgentThatStaysAwayEndsTheSession) {
  gateway_.AddAgent("dev", "standard");
  const std::string id = Run();
  gateway_.Advance(limits::kAgentWaitTime);
  ASSERT_TRUE(Ended().has_value());
  const std::string told = "agent is offline: shell is served by agent dev: start hoop-agent there, or see its log";
  EXPECT_EQ(Ended()->ToString(), "FAILED_PRECONDITION: " + told);
  ExpectEmptyRecord(id, told);
}

TEST_F(ExecRunsTest, WhatIsNotServedIsRefusedAndEndsItsSession) {
  ConnectAgent();
  const std::string id = Run("echo");
  ASSERT_TRUE(Ended().has_value());
  EXPECT_EQ(Ended()->ToString(),
            "INVALID_ARGUMENT: exec is not allowed for tcp type connections. Use 'hoop connect echo' instead");
  ExpectEmptyRecord(id, "exec is not allowed for tcp type connections. Use 'hoop connect echo' instead");
  const std::string unknown = Run("nosuch");
  EXPECT_EQ(Ended()->ToString(), "NOT_FOUND: connection not found");
  EXPECT_TRUE(absl::IsNotFound(gateway_.store().sessions().Find(unknown).status()));
}

TEST_F(ExecRunsTest, AKillReachesACommandThatWaitsForItsAgent) {
  const std::string id = Run();
  EXPECT_OK(gateway_.exec().Kill(id, "ann@example.test"));
  EXPECT_EQ(Ended()->ToString(), "UNKNOWN: session killed by the user");
  EXPECT_TRUE(absl::IsNotFound(gateway_.exec().Kill(id, "ann@example.test")));
  Peer& agent = ConnectAgent();
  gateway_.Settle();
  EXPECT_TRUE(agent.transcript.packets.empty());
  EXPECT_EQ(gateway_.sessions().size(), 0u);
  ExpectEmptyRecord(id, "killed by ann@example.test");
}

TEST_F(ExecRunsTest, AKillOfTheSessionEndsTheCommand) {
  Peer& agent = ConnectAgent();
  const std::string id = Run();
  SendOpenOk(agent, id);
  gateway_.KillSession(id);
  ASSERT_TRUE(Ended().has_value());
  EXPECT_OK(*Ended());
  EXPECT_EQ(agent.transcript.packets.back().type, packet::kAgentSessionClose);
  const SessionEnd& end = gateway_.audit().sessions.at(id).seals.at(0);
  EXPECT_EQ(end.reason, "killed by admin@example.test");
  EXPECT_EQ(end.exit_code, 254);
}

TEST_F(ExecRunsTest, ARecordThatCannotBeOpenedEndsTheRowBeforeTheEndIsTold) {
  ConnectAgent();
  gateway_.audit().open_status = ResourceExhausted("journal is full");
  const std::string id = Run();
  ASSERT_TRUE(Ended().has_value());
  EXPECT_OK(*Ended());
  EXPECT_EQ(Row(id).status, SessionStatus::kDone);
  EXPECT_EQ(Row(id).end_reason, "record: journal is full");
}

TEST_F(ExecRunsTest, MoreThanTheBoundAreRefused) {
  for (size_t i = 0; i < limits::kExecRunsMax; ++i) {
    gateway_.exec().Run({.session_id = NewUuid(), .connection = "shell"}, [](absl::Status) {});
  }
  Run();
  EXPECT_EQ(Ended()->ToString(), "RESOURCE_EXHAUSTED: more than 1000 commands of REST are going on");
}

}  // namespace
}  // namespace hoop

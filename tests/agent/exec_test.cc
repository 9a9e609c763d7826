#include "agent/connectors/exec.h"

#include <signal.h>

#include "agent/warden/process_tree.h"
#include "base/limits/units.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/support/status_matchers.h"
#include "wire/gob.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";

// Runs one command from open to close and tells how it went, on a stream of its own or on the shared one.
struct ExecRun {
  ExecRun(ScriptedGateway& gateway, const AgentConnectionParams& params, std::string_view input = "",
          std::string_view token = "token")
      : ExecRun(gateway, kSession, params, input, token) {}
  ExecRun(ScriptedGateway& gateway, std::string_view session_id, const AgentConnectionParams& params,
          std::string_view input, std::string_view token) {
    gateway.Open(session_id, params, token);
    ScriptedGateway::Stream& stream = token.empty() ? gateway.control() : *gateway.WaitForStream(token);
    open = gateway.WaitFor(stream, packet::kClientSessionOpenOk);
    gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, session_id}}, input));
    close = gateway.WaitFor(stream, packet::kClientSessionClose);
    gateway.WaitUntil([&] {
      out = ScriptedGateway::Joined(stream, packet::kClientWriteStdout);
      err = ScriptedGateway::Joined(stream, packet::kClientWriteStderr);
      return true;
    });
  }
  std::string code() const { return close.Get(spec::kExitCode); }

  SeenPacket open, close;
  std::string out, err;
};

TEST(Exec, KeepsOutputsApartAndTellsTheExitCode) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"sh", "-c", "cat; echo err >&2; exit 3"}), "hello");
  EXPECT_EQ(run.open.Get(spec::kConnectionType), "command-line");
  EXPECT_EQ(run.open.Get(spec::kClientCommand), "sh -c cat; echo err >&2; exit 3");
  EXPECT_EQ(run.open.Get(spec::kRequestPort), "");
  EXPECT_EQ(run.out, "hello");
  EXPECT_EQ(run.err, "err\n");
  EXPECT_EQ(run.code(), "3");
  EXPECT_EQ(run.close.payload, "failed executing command, reason=exit status 3");
}

TEST(Exec, WorksOnTheSharedStreamOfOldGateways) {
  ScriptedGateway gateway("");
  const ExecRun run(gateway, ExecParams({"cat"}), "hello", "");
  EXPECT_EQ(run.out, "hello");
  EXPECT_EQ(run.code(), "0");
  EXPECT_EQ(run.close.payload, "");
  EXPECT_EQ(run.close.Get(spec::kSessionId), kSession);
  EXPECT_EQ(gateway.Count(gateway.control(), packet::kClientSessionClose), 1);
}

// That the command did not fail, and that another agent may run it, is known to our gateways by the key.
TEST(Exec, AStoppedAgentInterruptsItsSessions) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"sleep", "1000"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.WaitFor(stream, packet::kClientSessionOpenOk);
  gateway.StopAgent();
  const SeenPacket close = gateway.WaitFor(stream, packet::kClientSessionClose);
  EXPECT_EQ(close.payload, "the agent was stopped");
  EXPECT_EQ(close.Get(spec::kExitCode), "1");
  EXPECT_EQ(close.Get(spec::kRetry), "1");
}

TEST(Exec, AStoppedAgentTellsOldGatewaysNoKeyOfOurs) {
  ScriptedGateway gateway("");
  gateway.Open(kSession, ExecParams({"sleep", "1000"}));
  gateway.WaitFor(gateway.control(), packet::kClientSessionOpenOk);
  gateway.StopAgent();
  const SeenPacket close = gateway.WaitFor(gateway.control(), packet::kClientSessionClose);
  EXPECT_EQ(close.Get(spec::kExitCode), "1");
  EXPECT_EQ(close.Get(spec::kRetry), "<absent>");
}

TEST(Exec, FiveMegabytesGoThroughCat) {
  ScriptedGateway gateway;
  std::string input(5 * limits::kMiB, '\0');
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<char>(i * 7 + i / 251);
  const ExecRun run(gateway, ExecParams({"cat"}), input);
  EXPECT_EQ(run.code(), "0");
  EXPECT_TRUE(run.out == input);
}

TEST(Exec, InputMayComeInManyPackets) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"cat"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.WaitFor(stream, packet::kClientSessionOpenOk);
  const std::string piece(64 * limits::kKiB, 'x');
  for (int i = 0; i < 100; ++i) {
    gateway.Send(stream,
                 Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}, {spec::kMore, ""}}, piece));
  }
  gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}, "end"));
  EXPECT_EQ(gateway.WaitFor(stream, packet::kClientSessionClose).Get(spec::kExitCode), "0");
  EXPECT_EQ(gateway.WaitForBytes(stream, packet::kClientWriteStdout, 100 * piece.size() + 3).size(),
            100 * piece.size() + 3);
}

TEST(Exec, AcceptsACommandThatIgnoresItsInput) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"true"}), std::string(limits::kMiB, 'x'));
  EXPECT_EQ(run.code(), "0");
}

TEST(Exec, AStoppedReaderHoldsTheCommandBack) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"sh", "-c", "head -c 3000000 /dev/zero; echo done >&2"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.WaitFor(stream, packet::kClientSessionOpenOk);
  gateway.SetReading(stream, false);
  gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  // Another session of the agent goes on meanwhile.
  const ExecRun other(gateway, "sid-2", ExecParams({"echo", "hi"}), "", "token2");
  EXPECT_EQ(other.out, "hi\n");
  EXPECT_EQ(gateway.Count(stream, packet::kClientSessionClose), 0);
  gateway.SetReading(stream, true);
  EXPECT_EQ(gateway.WaitFor(stream, packet::kClientSessionClose).Get(spec::kExitCode), "0");
  EXPECT_EQ(gateway.WaitForBytes(stream, packet::kClientWriteStdout, 3000000).size(), 3000000);
}

TEST(Exec, ArgumentsSeeTheAgentsHome) {
  ScriptedGateway gateway;
  AgentConnectionParams params = ExecParams({"printf", "[%s]"});
  params.client_args = {"${HOME}/x"};
  EXPECT_EQ(ExecRun(gateway, params).out, "[/root/x]");
}

TEST(Exec, SaysNotFoundAsCode127) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"no-such-program"}));
  EXPECT_EQ(run.code(), "127");
  EXPECT_EQ(run.close.payload, "exec: \"no-such-program\": executable file not found in $PATH");
}

TEST(Exec, SaysCannotStartAsCode1) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"/no/such/program"}));
  EXPECT_EQ(run.code(), "1");
  EXPECT_EQ(run.close.payload, "failed starting command, reason=fork/exec /no/such/program: no such file or directory");
}

TEST(Exec, NamesTheSignalThatKilled) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"sh", "-c", "kill -9 $$"}));
  EXPECT_EQ(run.code(), "254");  // `$$` looks like a variable
  const ExecRun killed(gateway, "sid-2", ExecParams({"perl", "-e", "kill 9, getppid if fork == 0; sleep 100"}), "",
                       "t2");
  EXPECT_EQ(killed.code(), "-1");
  EXPECT_EQ(killed.close.payload, "failed executing command, reason=signal: killed");
}

TEST(Exec, SaysWhichVariableIsMissing) {
  ScriptedGateway gateway;
  const ExecRun run(gateway, ExecParams({"echo", "$NOBODY"}));
  EXPECT_EQ(run.code(), "254");
  EXPECT_TRUE(run.close.payload.starts_with(
      "failed configuring command, reason=could not find environment variable $NOBODY of the session: "))
      << run.close.payload;
}

TEST(Exec, GivesSecretsAsVariablesFilesAndArguments) {
  ScriptedGateway gateway;
  AgentConnectionParams params = ExecParams(
      {"env", "WHO=$USER", "WHERE=${FILE}", "sh", "-c", "env | sort; env | sed -n s/^WHERE=//p | xargs cat"});
  params.env_vars = {{"envvar:USER", Base64Encode("ada")},
                     {"filesystem:FILE", Base64Encode("in the file\n")},
                     {"envvar:OWN", Base64Encode("system.agent.envs")}};
  const ExecRun run(gateway, params);
  EXPECT_NE(run.out.find("WHO=ada\n"), std::string::npos) << run.out << run.err << run.close.payload;
  EXPECT_NE(run.out.find("OWN=agent's\n"), std::string::npos);
  EXPECT_NE(run.out.find("HOME=/root\n"), std::string::npos);
  EXPECT_NE(run.out.find("HOOP_SESSION_ID=sid-1\n"), std::string::npos);
  EXPECT_NE(run.out.find("in the file\n"), std::string::npos);
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
  EXPECT_EQ(gateway.agent.runtime.List().size(), 1) << "the file is gone";
}

TEST(Exec, ClosingTheSessionEndsTheCommand) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"sh", "-c", "echo up; sleep 1000"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  gateway.WaitForBytes(stream, packet::kClientWriteStdout, 3);
  gateway.Send(gateway.control(), Packet(packet::kAgentSessionClose, {{spec::kSessionId, kSession}}));
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
  EXPECT_EQ(gateway.Count(stream, packet::kClientSessionClose), 0);
}

TEST(Exec, EndOfTheControlStreamEndsEveryCommand) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"sh", "-c", "echo up; sleep 1000"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  gateway.WaitForBytes(stream, packet::kClientWriteStdout, 3);
  gateway.End(gateway.control());
  EXPECT_TRUE(gateway.WaitUntil([&] { return stream.end.has_value(); }));
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
}

TEST(Exec, WardenDeathEndsTheSessionWithAReason) {
  ScriptedGateway gateway;
  gateway.Open(kSession, ExecParams({"sh", "-c", "echo up; sleep 1000"}), "token");
  ScriptedGateway::Stream& stream = *gateway.WaitForStream("token");
  gateway.Send(stream, Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  gateway.WaitForBytes(stream, packet::kClientWriteStdout, 3);
  ::kill(Children(::getpid())[0], SIGKILL);
  const SeenPacket close = gateway.WaitFor(stream, packet::kClientSessionClose);
  EXPECT_EQ(close.Get(spec::kExitCode), "254");
  EXPECT_EQ(close.payload, "command ended, reason=the warden of this agent ended");
}

TEST(Session, RefusesMalformedParams) {
  ScriptedGateway gateway;
  gateway.Send(gateway.control(),
               Packet(packet::kAgentSessionOpen, {{spec::kSessionId, kSession}, {spec::kConnectionParams, "not gob"}}));
  const SeenPacket close = gateway.WaitFor(gateway.control(), packet::kClientSessionClose);
  EXPECT_EQ(close.payload, "internal error, failed decoding connection params");
  EXPECT_EQ(close.Get(spec::kExitCode), "254");
  EXPECT_EQ(gateway.Count(gateway.control(), packet::kClientSessionClose), 1);
}

TEST(Session, RefusesWhatThisAgentCannotDo) {
  ScriptedGateway gateway;
  AgentConnectionParams params = ExecParams({"bash"});
  params.client_verb = "connect";
  params.connection_type = "aws-ssm";
  gateway.Open(kSession, params);
  EXPECT_EQ(gateway.WaitFor(gateway.control(), packet::kClientSessionClose).payload,
            "connection type \"aws-ssm\" is not available on this agent");
}

TEST(Session, SaysThatASessionIsUnknownOnceAndIgnoresLatePackets) {
  ScriptedGateway gateway;
  for (int i = 0; i < 2; ++i) {
    gateway.Send(gateway.control(), Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, "never"}}));
  }
  gateway.Send(gateway.control(), Packet("AgentOfTheFuture", {{spec::kSessionId, "never2"}}));
  gateway.Send(gateway.control(), Packet("AgentWithoutSession"));
  const ExecRun run(gateway, ExecParams({"true"}), "", "");
  EXPECT_EQ(gateway.WaitForBytes(gateway.control(), packet::kClientSessionClose, 1),
            "connection params not found, contact the administrator");
  EXPECT_TRUE(gateway.WaitUntil(
      [&] { return !gateway.control().seen.empty() && gateway.control().seen.back().Get(spec::kExitCode) == "0"; }));
  gateway.Send(gateway.control(), Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  const ExecRun last(gateway, "sid-9", ExecParams({"true"}), "", "token");
  EXPECT_EQ(gateway.Count(gateway.control(), packet::kClientSessionClose), 2);
}

TEST(Session, BeginsWithAKeepAlive) {
  ScriptedGateway gateway;
  EXPECT_EQ(gateway.WaitFor(gateway.control(), packet::kKeepAlive).spec.size(), 0);
}

TEST(Session, UserVariablesDoNotReplaceThoseOfTheConnection) {
  ScriptedGateway gateway;
  AgentConnectionParams params = ExecParams({"env"});
  params.env_vars = {{"envvar:A", Base64Encode("connection")}};
  Packet open(packet::kAgentSessionOpen,
              {{spec::kSessionId, kSession},
               {spec::kConnectionParams, EncodeConnectionParams(params)},
               {spec::kTerminalEnvVars,
                EncodeGobStringMap({{"envvar:A", Base64Encode("user")}, {"envvar:B", Base64Encode("user")}})}});
  gateway.Send(gateway.control(), std::move(open));
  gateway.WaitFor(gateway.control(), packet::kClientSessionOpenOk);
  gateway.Send(gateway.control(), Packet(packet::kAgentExecWriteStdin, {{spec::kSessionId, kSession}}));
  gateway.WaitFor(gateway.control(), packet::kClientSessionClose);
  const std::string out = gateway.WaitForBytes(gateway.control(), packet::kClientWriteStdout, 1);
  EXPECT_NE(out.find("A=connection\n"), std::string::npos);
  EXPECT_NE(out.find("B=user\n"), std::string::npos);
}

}  // namespace
}  // namespace hoop

#include "agent/connectors/terminal.h"

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "agent/warden/process_tree.h"
#include "base/limits/units.h"
#include "hoop/terminal_size.h"
#include "tests/agent/scripted_gateway.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr std::string_view kSession = "sid-1";
constexpr std::string_view kPrompt = "\x1b[?2004h";  // what bash says with each

AgentConnectionParams TerminalParams(std::vector<std::string> command) {
  AgentConnectionParams params = ExecParams(std::move(command));
  params.client_verb = "connect";
  return params;
}

// A user at a terminal: types, looks at what came.
class TerminalUser {
 public:
  TerminalUser(ScriptedGateway& gateway, const AgentConnectionParams& params, std::string_view token = "token",
               std::string_view session_id = kSession)
      : gateway_(gateway), session_id_(session_id) {
    gateway.Open(session_id, params, token);
    stream_ = token.empty() ? &gateway.control() : gateway.WaitForStream(token);
    gateway.WaitFor(*stream_, packet::kClientSessionOpenOk);
  }
  void Start(std::string_view first = "\n") { Type(first); }
  void Type(std::string_view keys) {
    gateway_.Send(*stream_, Packet(packet::kAgentTerminalWriteStdin, {{spec::kSessionId, session_id_}}, keys));
  }
  void Resize(std::string_view size) {
    gateway_.Send(*stream_, Packet(packet::kAgentTerminalResize, {{spec::kSessionId, session_id_}}, size));
  }
  bool WaitForText(std::string_view text) {
    return gateway_.WaitUntil(
        [&] { return ScriptedGateway::Joined(*stream_, packet::kClientWriteStdout).find(text) != std::string::npos; });
  }
  // A shell changes the terminal's modes for each prompt; what is typed before may be taken for the end of its input.
  bool WaitForPrompts(int count) {
    return gateway_.WaitUntil([&] {
      const std::string output = ScriptedGateway::Joined(*stream_, packet::kClientWriteStdout);
      int prompts = 0;
      for (size_t at = output.find(kPrompt); at != std::string::npos; at = output.find(kPrompt, at + 1)) ++prompts;
      return prompts >= count;
    });
  }
  SeenPacket WaitForClose() { return gateway_.WaitFor(*stream_, packet::kClientSessionClose); }
  std::string Output() {
    std::string output;
    gateway_.WaitUntil([&] {
      output = ScriptedGateway::Joined(*stream_, packet::kClientWriteStdout);
      return true;
    });
    return output;
  }
  ScriptedGateway::Stream& stream() { return *stream_; }

 private:
  ScriptedGateway& gateway_;
  const std::string session_id_;
  ScriptedGateway::Stream* stream_;
};

TEST(Terminal, RunsTheCommandOnATerminalOfItsOwn) {
  ScriptedGateway gateway;
  TerminalUser user(
      gateway, TerminalParams({"sh", "-c", "test -t 0 && test -t 1 && test -t 2 && ps -o tty= | sort -u; exit 7"}));
  user.Start();
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "7");
  EXPECT_EQ(user.WaitForClose().payload, "failed executing command, reason=exit status 7");
  EXPECT_EQ(user.Output().substr(0, 4), "pts/") << "line ends are the terminal's: " << user.Output();
  EXPECT_EQ(user.Output().substr(user.Output().size() - 2), "\r\n");
}

TEST(Terminal, WorksOnTheSharedStreamOfOldGateways) {
  ScriptedGateway gateway("");
  TerminalUser user(gateway, TerminalParams({"sh", "-c", "read line; echo got:$line"}), "");
  user.Start();
  user.Type("ping\r");
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "254") << "`$line` looks like a variable";
  TerminalUser again(gateway, TerminalParams({"sed", "-u", "s/^/got:/;q"}), "", "sid-2");
  again.Start();
  again.Type("ping\r");
  EXPECT_TRUE(again.WaitForText("got:ping\r\n"));
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
}

TEST(Terminal, TheFirstPacketOnlyStartsIt) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"cat"}));
  user.Start("thrown away\r");
  user.Type("kept\r\x04");
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "0");
  EXPECT_EQ(user.Output(), "kept\r\nkept\r\n") << "echoed once, written once";
}

TEST(Terminal, HasTheSizeThatCameBeforeItAndFollowsTheUsers) {
  ScriptedGateway gateway;
  TerminalUser user(gateway,
                    TerminalParams({"sh", "-c", "trap 'stty size; exit' WINCH; stty size; while :; do read x; done"}));
  user.Resize("33,101,0,0");
  user.Resize("nonsense");
  user.Resize("33,101");
  user.Start();
  EXPECT_TRUE(user.WaitForText("33 101\r\n"));
  user.Resize("40,120,0,0");
  EXPECT_TRUE(user.WaitForText("40 120\r\n")) << user.Output();
}

TEST(Terminal, HasTerminalVariablesThatASessionMayReplace) {
  ScriptedGateway gateway;
  TerminalUser plain(gateway, TerminalParams({"env"}));
  plain.Start();
  plain.WaitForClose();
  EXPECT_NE(plain.Output().find("TERM=xterm-256color\r\n"), std::string::npos) << plain.Output();
  EXPECT_NE(plain.Output().find("LANG=C.UTF-8\r\n"), std::string::npos);
  AgentConnectionParams params = TerminalParams({"env"});
  params.env_vars = {{"envvar:TERM", Base64Encode("vt100")}, {"envvar:LC_ALL", Base64Encode("C")}};
  TerminalUser own(gateway, params, "token-2", "sid-2");
  own.Start();
  own.WaitForClose();
  EXPECT_NE(own.Output().find("TERM=vt100\r\n"), std::string::npos) << own.Output();
  EXPECT_EQ(own.Output().find("LANG="), std::string::npos);
}

TEST(Terminal, ControlCEndsTheForegroundAndKeepsTheShell) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"bash", "--norc", "-i"}));
  user.Start();
  ASSERT_TRUE(user.WaitForPrompts(1));
  user.Type("sh -c 'echo read\"\"y; exec sleep 1000'\r");  // who says it is in the foreground
  ASSERT_TRUE(user.WaitForText("ready\r\n"));
  user.Type("\x03");
  ASSERT_TRUE(user.WaitForPrompts(2));
  user.Type("echo code$?; exit 3\r");
  EXPECT_TRUE(user.WaitForText("code130\r\n")) << user.Output();
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "3");
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
}

TEST(Terminal, JobControlStopsAndContinues) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"bash", "--norc", "-i"}));
  user.Start();
  ASSERT_TRUE(user.WaitForPrompts(1));
  user.Type("echo read''y; cat\r");
  ASSERT_TRUE(user.WaitForText("ready\r\n"));
  user.Type("one\r");
  ASSERT_TRUE(user.WaitForText("one\r\none\r\n")) << "cat is there";
  user.Type("\x1a");
  ASSERT_TRUE(user.WaitForPrompts(2)) << user.Output();
  EXPECT_TRUE(user.WaitForText("Stopped"));
  user.Type("fg\r");
  ASSERT_TRUE(user.WaitForText("\rcat\r\n")) << user.Output();
  user.Type("two\r");
  ASSERT_TRUE(user.WaitForText("two\r\ntwo\r\n")) << user.Output();
  user.Type("\x04");
  ASSERT_TRUE(user.WaitForPrompts(3)) << user.Output();
  user.Type("exit 5\r");
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "5");
}

TEST(Terminal, ASignalIsCode254) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"cat"}));
  user.Start();
  user.Type("x\r");
  ASSERT_TRUE(user.WaitForText("x\r\nx\r\n"));
  user.Type("\x1c");  // quit
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "254");
  EXPECT_EQ(user.WaitForClose().payload, "failed executing command, reason=signal: quit");
}

TEST(Terminal, SaysWhyACommandCannotStart) {
  ScriptedGateway gateway;
  TerminalUser missing(gateway, TerminalParams({"no-such-program"}));
  missing.Start();
  EXPECT_EQ(missing.WaitForClose().Get(spec::kExitCode), "127");
  TerminalUser wrong(gateway, TerminalParams({"/no/such/program"}), "token-2", "sid-2");
  wrong.Start();
  EXPECT_EQ(wrong.WaitForClose().Get(spec::kExitCode), "1");
  EXPECT_EQ(wrong.WaitForClose().payload,
            "failed starting command, reason=fork/exec /no/such/program: no such file or directory");
  TerminalUser empty(gateway, TerminalParams({}), "token-3", "sid-3");
  empty.Start();
  EXPECT_EQ(empty.WaitForClose().Get(spec::kExitCode), "254");
  EXPECT_EQ(empty.WaitForClose().payload,
            "failed configuring command, reason=connection must be at least one argument");
}

// Every value of a byte, in both directions, character sequences cut anywhere.
TEST(Terminal, TenMegabytesPastedInRawModeArriveUnchanged) {
  ScriptedGateway gateway;
  const std::string file = gateway.agent.runtime.path() + "/pasted";
  const size_t size = 10 * limits::kMiB;
  TerminalUser user(gateway, TerminalParams({"sh", "-c", "stty raw -echo; echo ready; head -c 10485760 >" + file}));
  user.Start();
  ASSERT_TRUE(user.WaitForText("ready"));
  std::string pasted(size, '\0');
  for (size_t i = 0; i < size; ++i) pasted[i] = static_cast<char>(i * 7 + i / 251);
  for (size_t at = 0; at < size; at += 40000) user.Type(std::string_view(pasted).substr(at, 40000));
  ASSERT_EQ(user.WaitForClose().Get(spec::kExitCode), "0");
  std::ifstream stream(file, std::ios::binary);
  const std::string arrived((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(arrived == pasted) << arrived.size();
  std::filesystem::remove(file);
}

TEST(Terminal, TenMegabytesEchoedInRawModeComeBackUnchanged) {
  ScriptedGateway gateway;
  const size_t size = 10 * limits::kMiB;
  TerminalUser user(gateway, TerminalParams({"sh", "-c", "stty raw -echo; printf ready; head -c 10485760"}));
  user.Start();
  ASSERT_TRUE(user.WaitForText("ready"));
  std::string pasted(size, '\0');
  for (size_t i = 0; i < size; ++i) pasted[i] = static_cast<char>(i * 11 + i / 241);
  for (size_t at = 0; at < size; at += 65536) user.Type(std::string_view(pasted).substr(at, 65536));
  ASSERT_EQ(user.WaitForClose().Get(spec::kExitCode), "0");
  EXPECT_TRUE(user.Output() == "ready" + pasted) << user.Output().size();
}

// What a line discipline has no room for is lost, as on every terminal; but nothing hangs.
TEST(Terminal, ALineThatIsTooLongDoesNotBlock) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"sh", "-c", "stty -echo; echo ready; head -n 2 | wc -c"}));
  user.Start();
  ASSERT_TRUE(user.WaitForText("ready"));
  user.Type(std::string(limits::kMiB, 'x'));
  user.Type("\r");
  user.Type("end\r");
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "0");
  EXPECT_NE(user.Output().find("4100\r\n"), std::string::npos) << user.Output();
}

TEST(Terminal, AStoppedReaderStopsTheProgramOnly) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"sh", "-c", "stty -opost; head -c 3000017 /dev/zero; printf end"}));
  gateway.SetReading(user.stream(), false);
  user.Start();
  // The neighbour says three times as much meanwhile.
  TerminalUser other(gateway, TerminalParams({"sh", "-c", "stty -opost; head -c 9000000 /dev/zero"}), "token-2",
                     "sid-2");
  other.Start();
  EXPECT_EQ(other.WaitForClose().Get(spec::kExitCode), "0");
  EXPECT_EQ(other.Output().size(), 9000000);
  TerminalUser looker(gateway, TerminalParams({"pgrep", "-f", "^head -c 3000017"}), "token-3", "sid-3");
  looker.Start();
  EXPECT_EQ(looker.WaitForClose().Get(spec::kExitCode), "0") << "it waits for its reader";
  gateway.SetReading(user.stream(), true);
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "0");
  EXPECT_EQ(user.Output().size(), 3000020);
  EXPECT_EQ(user.Output().substr(3000017), "end");
}

TEST(Terminal, ClosingTheSessionEndsEverything) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"bash", "--norc", "-i"}));
  user.Start();
  ASSERT_TRUE(user.WaitForPrompts(1));
  user.Type("setsid sleep 1000 & (trap '' HUP TERM; sleep 1001) & sleep 1002 & echo read''y; cat\r");
  ASSERT_TRUE(user.WaitForText("ready\r\n"));
  gateway.Send(gateway.control(), Packet(packet::kAgentSessionClose, {{spec::kSessionId, kSession}}));
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
  EXPECT_EQ(gateway.Count(user.stream(), packet::kClientSessionClose), 0);
}

TEST(Terminal, TheEndOfTheCommandEndsItsJobs) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"bash", "--norc", "-i"}));
  user.Start();
  ASSERT_TRUE(user.WaitForPrompts(1));
  user.Type("sleep 1000 & exit 4\r");
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "4");
  EXPECT_TRUE(gateway.WaitUntilNoProcess());
}

TEST(Terminal, WardenDeathEndsTheSessionWithAReason) {
  ScriptedGateway gateway;
  TerminalUser user(gateway, TerminalParams({"cat"}));
  user.Start();
  user.Type("x\r");
  ASSERT_TRUE(user.WaitForText("x\r\nx\r\n"));
  ::kill(Children(::getpid())[0], SIGKILL);
  EXPECT_EQ(user.WaitForClose().Get(spec::kExitCode), "254");
  EXPECT_EQ(user.WaitForClose().payload, "command ended, reason=the warden of this agent ended");
}

}  // namespace
}  // namespace hoop

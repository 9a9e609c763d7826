// `hoop exec` and `hoop connect`: their arguments.
#include "command_tree.h"

namespace hoop::cli {
namespace {

void AddSession(CommandTree& tree, CLI::App& command, SessionOptions& options) {
  CLI::Option* connection = command.add_option("connection", options.connection, "Name of the connection");
  connection->type_name("NAME");
  tree.Completes(connection, {.values = CommandTree::Values::kConnections});
  command
      .add_option("args", options.args,
                  "Behind --: arguments for the connection's command; $NAME in them names a variable")
      ->type_name("ARGS");
  tree.AddEnv(command, options.env, "Variable for the command; may be repeated");
  command.add_option("--correlation-id", options.correlation_id, "Under which your own systems know the session")
      ->type_name("ID");
  command.add_flag("-s,--silent", options.silent, "No session id and no notes on standard error");
  tree.AddJson(command, options.json);
}

void AddExec(CommandTree& tree) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App& command = tree.Add(tree.root(), "exec", "Run one command on a connection", options, RunExec);
  AddSession(tree, command, *options);
  CLI::Option* input = command.add_option("-i,--input", options->input, "The command's standard input, as text");
  command.add_option("-f,--file", options->file, "The command's standard input, as a file")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->excludes(input);
  command.add_flag_callback(
      "--auto-approve", [] {}, "What is approved runs without asking here; it always does");
  command.add_option("--session", options->session, "Run what was approved in this session, as it was asked for")
      ->type_name("ID")
      ->excludes(command.get_option("connection"));
  CommandTree::AddExamples(
      command,
      "  hoop exec bash -i 'uname -a'\n"
      "  echo 'select 1' | hoop exec pg-demo\n"
      "  hoop exec bash -f script.sh -e GREETING='hello, world' -- -x\n"
      "  hoop exec bash -s --json -i 'exit 3'\n"
      "  hoop exec bash -e SCRIPT='echo \"$1\"' -- -c '${SCRIPT}' sh 'one word'\n"
      "$NAME and ${NAME} in arguments stand for variables of the session: the connection's, those of -e, HOME, PATH\n"
      "and HOOP_...; one that is none is refused. What they hold, and input, is left as it is: there a $ is a $.\n"
      "Without -i and -f standard input is read to its end, unless it is a terminal. The exit code is the\n"
      "command's; 1: it was not run, or cut off, 254: the agent failed, 255: a signal ended it,\n"
      "130/143: Ctrl-C/TERM here.");
}

void AddConnect(CommandTree& tree) {
  auto options = std::make_shared<ConnectOptions>();
  CLI::App& command =
      tree.Add(tree.root(), "connect", "A local port to a database or service, or a terminal on a command line",
               options, RunConnect);
  AddSession(tree, command, *options);
  command.get_option("connection")->required();
  command
      .add_option("-p,--port", options->port, "Local port; 0: any free one (default: 5433 for postgres, 8999 for tcp)")
      ->check(CLI::Range(0, 65535))
      ->type_name("PORT");
  command
      .add_option("-d,--duration", options->duration, "After what time it ends, also for who approves it: 60s, 30m, 1h")
      ->type_name("TIME");
  command.add_option("--host", options->host, "Local address to listen on (default: 127.0.0.1)")->type_name("ADDRESS");
  CommandTree::AddExamples(
      command,
      "  hoop connect pg-demo\n"
      "  hoop connect pg-demo -p 0 --json\n"
      "  hoop connect bash -e TERM=screen-256color\n"
      "For databases and services it listens until Ctrl-C; when the gateway or the agent is lost it tries\n"
      "again for five minutes. A command line gets this terminal until its command ends, and every key\n"
      "with it; the exit code is the command's.");
}

}  // namespace

void AddSessionCommands(CommandTree& tree) {
  AddExec(tree);
  AddConnect(tree);
}

}  // namespace hoop::cli

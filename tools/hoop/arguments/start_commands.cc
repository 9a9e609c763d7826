// `hoop start`: its arguments.
#include "command_tree.h"
#include "tools/hoop/start_dev.h"

namespace hoop::cli {
namespace {

// Every argument is the other program's, also --help.
void AddSibling(CommandTree& tree, CLI::App& group, const std::string& name, const std::string& help,
                const char* program) {
  auto command = std::make_shared<CLI::App*>(nullptr);
  *command =
      &tree.AddPlain(group, name, help, [command, program] { return RunSibling(program, (*command)->remaining()); });
  (*command)->set_help_flag();
  (*command)->prefix_command();
  (*command)->fallthrough(false);
}

}  // namespace

void AddStartCommands(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "start", "Run a gateway, an agent, or both for development");
  auto dev = std::make_shared<StartDevOptions>();
  dev->version = tree.environment().version;
  CLI::App& command = tree.AddPlain(group, "dev", "Gateway, agent and demo connections in one process",
                                    [dev] { return RunStartDev(*dev); });
  command.add_option("--data", dev->data_dir, "Folder that keeps everything")->type_name("DIR");
  command.add_option("--http", dev->http_listen, "Where the API listens (default: 127.0.0.1:8009)")
      ->type_name("ADDRESS");
  command.add_option("--grpc", dev->grpc_listen, "Where the gateway listens (default: 127.0.0.1:8010)")
      ->type_name("ADDRESS");
  command.add_option("--connections", dev->connections_file, "Connections to serve (default: the demo's)")
      ->type_name("FILE.yaml");
  command.add_option("--exec-wait", dev->exec_wait_seconds, "How long the API waits for a command's end (default: 50)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));
  command.add_option("--ready-file", dev->ready_file, "Written as JSON when it serves")->type_name("FILE");
  command.add_flag("--tour", dev->tour, "Run a command through it and show its record");
  tree.OneOf(command.add_option("--log-level", dev->log_level, "debug, info, warning or error"),
             {"debug", "info", "warning", "error"});
  CommandTree::AddExamples(command,
                           "  hoop start dev\n  hoop start dev --data /tmp/dev --http 127.0.0.1:0 --grpc 127.0.0.1:0");
  AddSibling(tree, group, "gateway", "The gateway; its options come from the environment", "hoop-gateway");
  AddSibling(tree, group, "agent", "An agent; HOOP_KEY is its key", "hoop-agent");
}

}  // namespace hoop::cli

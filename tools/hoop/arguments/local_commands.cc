// `hoop run` and `hoop proxy-manager`: their arguments.
#include "command_tree.h"

namespace hoop::cli {
namespace {

void AddRun(CommandTree& tree) {
  auto options = std::make_shared<PublishOptions>();
  CLI::App& command =
      tree.Add(tree.root(), "run", "Serve a connection from this machine while a command runs", options, RunPublish);
  command.add_option("-n,--name", options->name, "Name of the connection (default: this machine's)")->type_name("NAME");
  CLI::Option* line = command.add_option("--command", options->command, "What a session runs (default: your shell)");
  command.add_option("--postgres", options->postgres, "Serve a database instead (default: HOOP_DB_URI)")
      ->type_name("URI")
      ->excludes(line);
  command.add_option("--review", options->reviewers, "Groups that approve sessions")
      ->delimiter(',')
      ->type_name("GROUPS");
  command.add_option("--data-masking", options->redact_types, "Kinds of values to mask")
      ->delimiter(',')
      ->type_name("TYPES");
  command.add_option("foreground", options->foreground, "Behind --: runs here; its end ends the connection")
      ->type_name("COMMAND");
  CommandTree::AddExamples(
      command,
      "  hoop run -n my-shell\n"
      "  hoop run -n staging-db --postgres postgres://app:secret@127.0.0.1/app -- sleep 3600\n"
      "HOOP_KEY is the organization's key. The connection appears at the gateway, and this machine connects when\n"
      "somebody uses it; afterwards it stays there, offline, until `hoop admin delete connection NAME`. Sessions\n"
      "get all variables of this environment but HOOP_*, which are hoop's own; a password in --postgres stays here.");
}

void AddProxyManager(CommandTree& tree) {
  auto options = std::make_shared<ProxyManagerOptions>();
  CLI::App& command = tree.Add(tree.root(), "proxy-manager", "Serve on local ports what the API orders (desktop app)",
                               options, RunProxyManager);
  tree.AddJson(command, options->json);
}

}  // namespace

void AddLocalCommands(CommandTree& tree) {
  AddRun(tree);
  AddProxyManager(tree);
}

}  // namespace hoop::cli

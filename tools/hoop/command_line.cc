#include "command_line.h"

#include <cstdio>
#include <memory>

#include "arguments/command_tree.h"

namespace hoop::cli {
namespace {

void AddAll(CommandTree& tree) {
  CLI::App& root = tree.root();
  root.require_subcommand(1);
  root.footer(
      "`hoop COMMAND --help` shows options and examples. The configuration is ~/.hoop/config.toml, or the file\n"
      "that HOOP_CONFIG names. Exit codes: a command's own, else 1.");
  root.add_flag_callback(
      "--version", [&tree] { throw CLI::CallForVersion("hoop " + tree.environment().version + "\n", 0); },
      "Print the version");
  root.fallthrough();
  root.add_flag_callback(
      "--skip-tls-verify", [&tree] { tree.environment().skip_tls_verify = true; },
      "Believe any certificate of the gateway");
  AddSessionCommands(tree);
  AddSessionsCommands(tree);
  AddListCommands(tree);
  AddConfigCommands(tree);
  AddAdminCommands(tree);
  AddStartCommands(tree);
  AddLocalCommands(tree);
  AddCompletionCommands(tree);
  AddManualCommand(tree);
  AddVersionsCommands(tree);
  auto json = std::make_shared<bool>(false);
  CLI::App& version = tree.AddPlain(root, "version", "Print the version",
                                    [&tree, json] { return RunVersion(tree.environment(), *json); });
  tree.AddJson(version, *json);
}

}  // namespace

int RunCommandLine(int argc, char** argv, const Environment& environment) {
  CommandTree tree(environment);
  AddAll(tree);
  if (const auto code = CompleteIfAsked(tree, argc, argv)) return *code;
  try {
    tree.root().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return tree.root().exit(error);  // --help, --version
    return FailUsage(tree, error, argc, argv);
  }
  const int code = tree.action()();
  return code == 0 && std::ferror(stdout) != 0 ? kExitBrokenPipe : code;
}

}  // namespace hoop::cli

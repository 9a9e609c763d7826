// `hoop versions`: its arguments.
#include "tools/hoop/versions_commands.h"

#include "command_tree.h"

namespace hoop::cli {

void AddVersionsCommands(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "versions", "Programs of several versions side by side");
  using Options = VersionsOptions;
  CLI::App& list = tree.Add(group, "list", "What is installed", std::make_shared<Options>(), RunVersionsList);
  list.alias("ls");
  auto install = std::make_shared<Options>();
  CLI::App& install_command =
      tree.Add(group, "install", "Keep a program under its version", install, RunVersionsInstall);
  install_command.add_option("version", install->version, "As the program calls itself")->required();
  CLI::Option* from = install_command.add_option("--from", install->from, "The program's file");
  from->required()->type_name("FILE")->check(CLI::ExistingFile);
  tree.Completes(from, {.values = CommandTree::Values::kFiles});
  install_command.add_flag("--use", install->use, "And use it");
  install_command.add_flag("--reinstall", install->reinstall, "Replace one that is there");
  CommandTree::AddExamples(install_command, "  hoop versions install 1.80.0 --from ./hoop --use");
  auto use = std::make_shared<Options>();
  CLI::App& use_command = tree.Add(group, "use", "Link bin/hoop beside the configuration to it", use, RunVersionsUse);
  use_command.add_option("version", use->version, "An installed one")->required();
  auto remove = std::make_shared<Options>();
  CLI::App& remove_command = tree.Add(group, "remove", "Remove one", remove, RunVersionsRemove);
  remove_command.alias("rm")->alias("uninstall");
  remove_command.add_option("version", remove->version, "An installed one")->required();
  remove_command.add_flag("--force", remove->force, "Also the one in use");
  tree.Add(group, "sync", "Use the version that the gateway has", std::make_shared<Options>(), RunVersionsSync);
}

}  // namespace hoop::cli

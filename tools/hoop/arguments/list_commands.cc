// `hoop list`, `describe`, `roles`, `resources`: their arguments.
#include "tools/hoop/list_commands.h"

#include "command_tree.h"

namespace hoop::cli {
namespace {

void AddRoles(CommandTree& tree, CLI::App& command, RolesOptions& options) {
  tree.AddJson(command, options.json);
  command.add_flag("-q,--quiet", options.quiet, "Names alone, one a line");
}

void AddResources(CommandTree& tree) {
  CLI::App& group = tree.AddGroup(tree.root(), "resources", "What connections lead to, each with its roles");
  auto list = std::make_shared<ResourcesOptions>();
  CLI::App& list_command = tree.AddAsking(group, "list", "The resources that you may use", list, ListResources);
  list_command.add_option("--search", list->search, "A part of name, type or subtype");
  list_command.add_option("--name", list->name, "Of this name");
  list_command.add_option("--subtype", list->subtype, "Of this subtype");
  tree.AddJson(list_command, list->json);
  list_command.add_flag("-q,--quiet", list->quiet, "Names alone, one a line");
  CommandTree::AddExamples(list_command, "  hoop resources list --subtype postgres");

  CLI::App& roles = tree.AddGroup(group, "roles", "The connections of a resource");
  auto roles_of = std::make_shared<RolesOptions>();
  CLI::App& roles_list = tree.AddAsking(roles, "list", "The connections of a resource", roles_of, ListRoles);
  roles_list.add_option("resource", roles_of->resource, "Name of the resource")->required()->type_name("NAME");
  AddRoles(tree, roles_list, *roles_of);
  CommandTree::AddExamples(roles_list, "  hoop resources roles list orders");
}

}  // namespace

void AddListCommands(CommandTree& tree) {
  auto list = std::make_shared<ListOptions>();
  CLI::App& list_command =
      tree.AddAsking(tree.root(), "list", "The connections that you may use", list, ListConnections);
  list_command.alias("ls");
  tree.AddForm(list_command, list->form);
  CommandTree::AddExamples(list_command, "  hoop list\n  hoop list --json | jq -r '.[].name'");

  auto describe = std::make_shared<DescribeOptions>();
  CLI::App& describe_command =
      tree.AddAsking(tree.root(), "describe", "What a connection is and how to use it", describe, DescribeConnection);
  CLI::Option* connection = describe_command.add_option("connection", describe->connection, "Name of the connection");
  connection->required()->type_name("NAME");
  tree.Completes(connection, {.values = CommandTree::Values::kConnections});
  tree.AddJson(describe_command, describe->json);
  CommandTree::AddExamples(describe_command, "  hoop describe orders-db");

  auto roles = std::make_shared<RolesOptions>();
  CLI::App& roles_command =
      tree.AddAsking(tree.root(), "roles", "All connections with their resources", roles, ListRoles);
  roles_command.add_option("--resource", roles->resource, "Of this resource");
  AddRoles(tree, roles_command, *roles);
  CommandTree::AddExamples(roles_command, "  hoop roles --resource orders -q");
  AddResources(tree);
}

}  // namespace hoop::cli

// `hoop list`, `describe`, `roles`, `resources`: their arguments.
#include "tools/hoop/list_commands.h"

#include "command_tree.h"
#include "tools/hoop/admin_commands.h"

namespace hoop::cli {
namespace {

void AddRoles(CommandTree& tree, CLI::App& command, RolesOptions& options) {
  tree.AddJson(command, options.json);
  command.add_flag("-q,--quiet", options.quiet, "Names alone, one a line");
}

void AddNewResource(CommandTree& tree, CLI::App& group) {
  auto options = std::make_shared<NewResourceOptions>();
  CLI::App& command = tree.AddAsking(group, "create", "Make a resource, without roles yet", options, CreateResource);
  command.add_option("name", options->name, "Name of the resource")->required()->type_name("NAME");
  tree.OneOf(command.add_option("--type", options->type, "database, application or custom")->required(),
             {"database", "application", "custom"});
  command.add_option("--subtype", options->subtype, "postgres, tcp ...");
  command.add_option("--agent-id", options->agent, "The agent that serves it, by id or name");
  command
      .add_option("--env-var", options->env, "Variable; may be repeated. Gateways of ours keep them with roles only")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  tree.AddJson(command, options->json);
  CommandTree::AddExamples(command,
                           "  hoop resources create orders --type database --subtype postgres --agent-id prod");
}

// A connection by another name.
void AddNewRole(CommandTree& tree, CLI::App& roles) {
  auto options = std::make_shared<ConnectionOptions>();
  auto subtype = std::make_shared<std::string>();
  CLI::App& command =
      tree.AddPlain(roles, "create", "Make a connection that leads to a resource", [&tree, options, subtype] {
        if (!subtype->empty()) *options->type += "/" + *subtype;
        return RunWithApi(tree.environment(), [&options](ApiClient& api) { return CreateConnection(api, *options); });
      });
  command.add_option("name", options->name, "Name of the connection")->required()->type_name("NAME");
  command.add_option("--resource", options->resource, "Name of the resource")->required();
  command.add_option("--type", options->type, "database, application or custom")->required();
  command.add_option("--subtype", *subtype, "postgres, tcp ...");
  command.add_option("--agent-id", options->agent, "The agent that serves it, by id or name")->required();
  command.add_option("--command", options->command, "What it runs, a word each time")->allow_extra_args(false);
  command.add_option("--secret", options->env, "As -e of `hoop admin create connection`; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  tree.AddJson(command, options->json);
  CommandTree::AddExamples(
      command,
      "  hoop resources roles create orders-ro --resource orders --type database --subtype postgres \\\n"
      "    --agent-id prod --secret HOST=db --secret USER=reader --secret PASS=file:///run/secrets/ro");
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
  AddNewResource(tree, group);
  AddNewRole(tree, roles);
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

// `hoop admin`: its arguments.
#include "command_tree.h"

namespace hoop::cli {

void AddAdminCommands(CommandTree& tree) {
  CLI::App& admin = tree.AddGroup(tree.root(), "admin", "Agents and connections");
  CLI::App& get = *admin.add_subcommand("get", "List what there is");
  get.require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  tree.AddJson(
      tree.AddPlain(get, "agents", "Agents", [&tree, json] { return RunListAgents(tree.environment(), *json); }),
      *json);
  tree.AddJson(tree.AddPlain(get, "connections", "Connections",
                             [&tree, json] { return RunListConnections(tree.environment(), *json); }),
               *json);
  tree.AddPlain(admin, "serverinfo", "What the gateway says of itself",
                [&tree] { return RunServerInfo(tree.environment()); });

  CLI::App& create = *admin.add_subcommand("create", "Make an agent or a connection");
  create.require_subcommand(1);
  auto name = std::make_shared<std::string>(), mode = std::make_shared<std::string>("standard");
  CLI::App& agent = tree.AddPlain(create, "agent", "Prints the key that the agent starts with",
                                  [&tree, name, mode] { return RunCreateAgent(tree.environment(), *name, *mode); });
  agent.add_option("name", *name, "Name of the agent")->required();
  tree.OneOf(agent.add_option("--mode", *mode, "standard or embedded"), {"standard", "embedded"});
  CommandTree::AddExamples(agent, "  HOOP_KEY=$(hoop admin create agent prod) hoop-agent");

  auto options = std::make_shared<CreateConnectionOptions>();
  CLI::App& connection = tree.Add(create, "connection", "Make a connection", options, RunCreateConnection);
  connection.add_option("name", options->name, "Name of the connection")->required();
  connection.add_option("command", options->command, "Behind --: the command that it runs");
  connection.add_option("-a,--agent", options->agent, "Name of the agent that serves it")->required();
  connection.add_option("-t,--type", options->type, "type or type/subtype (default: custom)");
  tree.AddEnv(connection, options->env,
              "Secret: NAME=value, envvar:NAME=value or filesystem:NAME=value; may be repeated");
  tree.OneOf(connection.add_option("--record", options->record, "durable or buffered"), {"durable", "buffered"});
  connection.add_flag("--overwrite", options->overwrite, "Replace one of that name");
  CommandTree::AddExamples(
      connection,
      "  hoop admin create connection shell -a prod -- bash\n"
      "  hoop admin create connection orders-db -a prod -t database/postgres -e HOST=db -e USER=app -e PASS=secret");
}

}  // namespace hoop::cli

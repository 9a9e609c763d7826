// `hoop admin`: its arguments.
#include "tools/hoop/admin_commands.h"

#include "command_tree.h"

namespace hoop::cli {
namespace {

const std::string kNameRule = "3 to 254 letters, digits, '-', '_' or '.'";

CLI::Option* AddName(CLI::App& command, std::string& name, const std::string& help) {
  return command.add_option("name", name, help)->required()->type_name("NAME");
}

// The words that stand for a kind of object.
CommandTree::Completion KindWords(std::initializer_list<std::string_view> kinds = {}) {
  CommandTree::Completion words;
  for (const std::string_view kind : kinds) words.words.emplace_back(kind);
  if (kinds.size() > 0) return words;
  for (const ObjectKind& kind : ObjectKinds()) words.words.emplace_back(kind.name);
  return words;
}

void AddGet(CommandTree& tree, CLI::App& admin) {
  auto get = std::make_shared<AdminGetOptions>();
  CLI::App& command = tree.AddAsking(admin, "get", "Show objects of one kind, or one of them", get, AdminGet);
  CLI::Option* resource = command.add_option("resource", get->resource, "The kind, or KIND/NAME");
  resource->required()->type_name("KIND[/NAME]");
  tree.Completes(resource, KindWords());
  command.add_option("name", get->name, "One of them alone")->type_name("NAME");
  tree.AddForm(command, get->form);
  command.add_flag("--show-tags", get->show_tags, "Connections with their tags");
  command.add_option("-q,--query", get->query, "Narrows sessions: user, connection, type, start_date, limit ...")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  CommandTree::AddExamples(
      command,
      "  hoop admin get connections\n"
      "  hoop admin get user/me@example.com -o json\n"
      "  hoop admin get sessions -q connection=orders-db -q limit=5\n"
      "Kinds: agents, connections, users, groups, serviceaccounts, sessions, plugins, orgkeys, userinfo, serverinfo;\n"
      "each also without its s, and conn and sa for short; reviews, of gateways that have them.");
}

void AddSpec(CommandTree& tree, CLI::App& command, ConnectionOptions& options) {
  command.add_option("-a,--agent", options.agent, "Name of the agent that serves it");
  command.add_option("-t,--type", options.type, "type or type/subtype: custom, database/postgres, application/tcp ...");
  tree.AddEnv(
      command, options.env,
      "Variable: NAME=value, envvar:NAME=value or filesystem:NAME=value (a private file); the value is taken as "
      "typed, from base64://... or from file://PATH; may be repeated");
  tree.OneOf(command.add_option("--record", options.record, "When a reply is released: durable or buffered"),
             {"durable", "buffered"});
  command.add_option("--access-modes", options.access_modes, "Ways in, comma-separated: runbooks, exec, connect")
      ->delimiter(',')
      ->check(CLI::IsMember({"runbooks", "exec", "connect"}));
  tree.OneOf(command.add_option("--schema", options.schema, "Show the schema to users: enabled or disabled"),
             {"enabled", "disabled"});
  CommandTree::AddList(command, "--groups", options.access_groups, "Who may use it, comma-separated; '': everybody");
  CommandTree::AddList(command, "--tags", options.tags, "KEY=VALUE, comma-separated; '': none");
  CommandTree::AddList(command, "--reviewers", options.reviewers, "Groups that approve, comma-separated");
  CommandTree::AddList(command, "--redact-types", options.redact_types, "What is masked, comma-separated");
  CommandTree::AddList(command, "--guardrail-rules", options.guardrail_rules, "Ids of rules, comma-separated");
  command.add_option("--jira-issue-template-id", options.jira_issue_template_id, "Id of a template");
}

void AddCreateConnection(CommandTree& tree, CLI::App& create) {
  auto options = std::make_shared<ConnectionOptions>();
  CLI::App& command = tree.AddAsking(create, "connection", "Make a connection", options, CreateConnection);
  command.alias("conn");
  tree.AddJson(command, options->json);
  AddName(command, options->name, "Name of the connection; " + kNameRule);
  command.add_option("command", options->command, "Behind --: the command that it runs");
  AddSpec(tree, command, *options);
  command.get_option("--agent")->required();
  command.add_flag("--overwrite", options->overwrite, "Replace one of that name");
  command.add_flag("--skip-validation", options->skip_validation, "Do not check type, variables and command here");
  CommandTree::AddExamples(
      command,
      "  hoop admin create connection shell -a prod -- bash\n"
      "  hoop admin create connection orders-db -a prod -t database/postgres -e HOST=db -e USER=app -e PASS=secret\n"
      "  hoop admin create connection k8s -a prod -e filesystem:KUBECONFIG=file://./config -- kubectl\n"
      "  hoop admin create connection queue -a prod -t application/tcp -e HOST=mq -e PORT=5672 --overwrite");

  auto file = std::make_shared<ConnectionsFileOptions>();
  CLI::App& many = tree.AddAsking(create, "connections", "Make all connections of a file", file, CreateConnections);
  CLI::Option* from = many.add_option("--from-file", file->file, "The file; docs/command_line.md shows one");
  from->required()->type_name("FILE.yaml");
  tree.Completes(from, {.values = CommandTree::Values::kFiles});
  CommandTree::AddExamples(many, "  hoop admin create connections --from-file team.yaml");
}

void AddCreatePlugin(CommandTree& tree, CLI::App& create) {
  auto options = std::make_shared<PluginOptions>();
  CLI::App& command = tree.AddAsking(create, "plugin", "Give connections to a plugin", options, CreatePlugin);
  command.alias("plugins");
  AddName(command, options->name, "Name of the plugin");
  CLI::Option* connection = command.add_option(
      "--connection", options->connections, "One that the plugin has, with its words: NAME:WORD;WORD; may be repeated");
  connection->type_name("NAME[:WORD;...]")->allow_extra_args(false);
  command
      .add_option("-c,--config", options->config,
                  "Variable of the plugin: NAME=VALUE; the value as typed, from base64://... or from file://PATH")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--source", options->source, "Where it comes from");
  command.add_option("--priority", options->priority, "Its place among the others");
  command.add_flag("--overwrite", options->overwrite, "Change one that is there");
  tree.AddJson(command, options->json);
  CommandTree::AddExamples(command,
                           "  hoop admin create plugin access_control --connection 'orders-db:dba;oncall' --overwrite");
}

void AddPerson(CLI::App& command, PersonOptions& options) {
  CommandTree::AddList(command, "--groups", options.groups, "Groups, comma-separated: these and no others; '': none");
  command.add_option("--name", options.name, "Name for people");
  command.add_flag_callback(
      "--disable", [&options] { options.active = false; }, "Shut out, from the next request on");
}

void AddPersonChanges(CLI::App& command, PersonOptions& options) {
  AddPerson(command, options);
  command.add_option("--add-group", options.add_groups, "Also in this group; may be repeated")->allow_extra_args(false);
  command.add_option("--remove-group", options.remove_groups, "No more in this group; may be repeated")
      ->allow_extra_args(false);
  command.add_flag_callback(
      "--enable", [&options] { options.active = true; }, "Let in again");
}

void AddUserOnly(CLI::App& command, PersonOptions& options) {
  command.add_option("--slackid", options.slack_id, "Id at Slack");
  command.add_option("--picture", options.picture, "Address of a picture");
  command.add_flag("--password-stdin", options.password_stdin, "Password from standard input (local accounts)");
}

void AddCreatePeople(CommandTree& tree, CLI::App& create) {
  auto user = std::make_shared<PersonOptions>();
  CLI::App& user_command = tree.AddAsking(create, "user", "Make an account", user, CreateUser);
  user_command.alias("users");
  AddName(user_command, user->name_of, "E-mail")->type_name("EMAIL");
  AddPerson(user_command, *user);
  AddUserOnly(user_command, *user);
  user_command.add_flag("--overwrite", user->overwrite, "Change one that is there");
  tree.AddJson(user_command, user->json);
  CommandTree::AddExamples(
      user_command, "  hoop admin create user me@example.com --groups dba,oncall --password-stdin < password.txt");

  auto account = std::make_shared<PersonOptions>();
  CLI::App& account_command =
      tree.AddAsking(create, "serviceaccount", "Make an account for a program", account, CreateServiceAccount);
  account_command.alias("sa");
  AddName(account_command, account->name_of, "Subject")->type_name("SUBJECT");
  AddPerson(account_command, *account);
  account_command.add_flag("--overwrite", account->overwrite, "Change one that is there");
  tree.AddJson(account_command, account->json);
  CommandTree::AddExamples(account_command, "  hoop admin create serviceaccount ci --groups deploy");

  auto token = std::make_shared<TokenOptions>();
  CLI::App& token_command =
      tree.AddAsking(create, "token", "Prints a token for a service account", token, CreateServiceToken);
  AddName(token_command, token->subject, "Subject of the service account")->type_name("SUBJECT");
  token_command.add_option("--days", token->days, "How long it holds (default: 90)")->check(CLI::Range(1, 366));
  CommandTree::AddExamples(token_command, "  HOOP_TOKEN=$(hoop admin create token ci --days 30)");

  auto group = std::make_shared<GroupOptions>();
  CLI::App& group_command = tree.AddAsking(create, "group", "Make a group of users", group, CreateGroup);
  AddName(group_command, group->name, "Name of the group");
  CommandTree::AddExamples(group_command, "  hoop admin create group dba");
}

void AddCreate(CommandTree& tree, CLI::App& admin) {
  CLI::App& create = tree.AddGroup(admin, "create", "Make an agent, a connection, a user ...");
  auto agent = std::make_shared<NewAgentOptions>();
  CLI::App& agent_command =
      tree.AddAsking(create, "agent", "Prints the key that the agent starts with", agent, CreateAgent);
  agent_command.alias("agents");
  tree.AddJson(agent_command, agent->json);
  AddName(agent_command, agent->name, "Name of the agent; " + kNameRule);
  tree.OneOf(agent_command.add_option("--mode", agent->mode, "standard or embedded"), {"standard", "embedded"});
  CommandTree::AddExamples(agent_command, "  HOOP_KEY=$(hoop admin create agent prod) hoop-agent");
  AddCreateConnection(tree, create);
  AddCreatePlugin(tree, create);
  AddCreatePeople(tree, create);
  auto none = std::make_shared<NoOptions>();
  CLI::App& key = tree.AddAsking(create, "orgkeys", "Prints the key with which programs publish connections", none,
                                 CreateOrganizationKey);
  CommandTree::AddExamples(key, "  HOOP_KEY=$(hoop admin create orgkeys)");
}

void AddUpdate(CommandTree& tree, CLI::App& admin) {
  CLI::App& update = tree.AddGroup(admin, "update", "Change what is given and nothing else");
  auto connection = std::make_shared<ConnectionOptions>();
  CLI::App& connection_command =
      tree.AddAsking(update, "connection", "Change a connection", connection, UpdateConnection);
  connection_command.alias("conn");
  tree.Completes(AddName(connection_command, connection->name, "Name of the connection"),
                 {.values = CommandTree::Values::kConnections});
  connection_command.add_option("command", connection->command, "Behind --: the command that it runs");
  AddSpec(tree, connection_command, *connection);
  connection_command.add_option("--unset", connection->unset, "Variable that goes; may be repeated")
      ->allow_extra_args(false);
  CommandTree::AddExamples(connection_command,
                           "  hoop admin update connection orders-db -e PASS=file:///run/secrets/new\n"
                           "  hoop admin update connection shell --access-modes exec --groups dba,oncall");
  CommandTree::WantsAnOption(connection_command);

  auto user = std::make_shared<PersonOptions>();
  CLI::App& user_command = tree.AddAsking(update, "user", "Change an account", user, UpdateUser);
  AddName(user_command, user->name_of, "E-mail")->type_name("EMAIL");
  AddPersonChanges(user_command, *user);
  AddUserOnly(user_command, *user);
  CommandTree::AddExamples(user_command, "  hoop admin update user me@example.com --add-group dba");
  CommandTree::WantsAnOption(user_command);

  auto account = std::make_shared<PersonOptions>();
  CLI::App& account_command =
      tree.AddAsking(update, "serviceaccount", "Change a program's account", account, UpdateServiceAccount);
  account_command.alias("sa");
  AddName(account_command, account->name_of, "Subject")->type_name("SUBJECT");
  AddPersonChanges(account_command, *account);
  CommandTree::AddExamples(account_command, "  hoop admin update serviceaccount ci --disable");
  CommandTree::WantsAnOption(account_command);
}

void AddDelete(CommandTree& tree, CLI::App& admin) {
  auto options = std::make_shared<AdminDeleteOptions>();
  CLI::App& command = tree.AddAsking(admin, "delete", "Remove an object", options, AdminDelete);
  CLI::Option* resource = command.add_option("resource", options->resource, "KIND/NAME, or the kind alone");
  resource->required()->type_name("KIND[/NAME]");
  tree.Completes(resource, KindWords({"agents", "connections", "users", "groups", "orgkeys"}));
  command.add_option("name", options->name, "Which one")->type_name("NAME");
  CommandTree::AddExamples(command,
                           "  hoop admin delete connection/orders-db\n"
                           "  hoop admin delete user me@example.com");
}

// On the machine and as the user of the gateway, with its environment.
void AddBackup(CommandTree& tree, CLI::App& admin, const std::string& name, const std::string& help) {
  auto file = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  CLI::App& command = tree.AddPlain(admin, name, help, [name, file, force] {
    std::vector<std::string> words = {name, *file};
    if (*force) words.push_back("--force");
    return RunSibling("hoop-gateway", words);
  });
  CLI::Option* option = command.add_option("file", *file, "The backup")->required()->type_name("FILE");
  tree.Completes(option, {.values = CommandTree::Values::kFiles});
  command.add_flag("--force", *force, "Replace what is there");
  CommandTree::AddExamples(command, "  HOOP_DATA_DIR=/var/lib/hoop hoop admin " + name + " /backup/hoop.backup");
}

}  // namespace

void AddAdminCommands(CommandTree& tree) {
  CLI::App& admin = tree.AddGroup(tree.root(), "admin", "Agents, connections, users, groups");
  AddGet(tree, admin);
  AddCreate(tree, admin);
  AddUpdate(tree, admin);
  AddDelete(tree, admin);
  AddBackup(tree, admin, "backup", "Save the SQLite store of the gateway on this machine");
  AddBackup(tree, admin, "restore", "Put a backup in the place of the store of a stopped gateway");
  auto info = std::make_shared<ServerInfoOptions>();
  CLI::App& command = tree.AddAsking(admin, "serverinfo", "What the gateway says of itself", info, ShowServerInfo);
  tree.AddJson(command, info->json);
  tree.AddPlain(admin, "gateway-info", "Whether the gateway answers, and can serve sessions",
                [&tree] { return RunGatewayInfo(tree.environment()); });
}

}  // namespace hoop::cli

#include "command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>

#include "commands.h"
#include "start_dev.h"

namespace hoop::cli {
namespace {

// The program's commands as CLI11 wants them. Each Add... declares one family; a command that was named stores what
// is to be run.
class CommandLine final {
 public:
  explicit CommandLine(const Environment& environment) : environment_(environment) { AddAll(); }

  int Run(int argc, char** argv);

 private:
  void AddAll();
  void AddExec();
  void AddConnect();
  void AddSessions();
  void AddAudit();
  void AddLogin();
  void AddConfig();
  void AddLists();
  void AddAdmin();
  void AddStart();
  void AddSession(CLI::App& command, SessionOptions& options);

  // A command and what it does; its options live as long as this.
  template <typename Options>
  CLI::App& Add(CLI::App& parent, const std::string& name, const std::string& help, std::shared_ptr<Options> options,
                int (*run)(const Environment&, const Options&)) {
    CLI::App& command = *parent.add_subcommand(name, help);
    command.callback([this, options, run] { action_ = [this, options, run] { return run(environment_, *options); }; });
    return command;
  }
  CLI::App& AddPlain(CLI::App& parent, const std::string& name, const std::string& help, std::function<int()> run) {
    CLI::App& command = *parent.add_subcommand(name, help);
    command.callback([this, run] { action_ = run; });
    return command;
  }
  CLI::App& AddGroup(const std::string& name, const std::string& help) {
    CLI::App& group = *app_.add_subcommand(name, help);
    group.require_subcommand(1);
    return group;
  }

  int FailUsage(const CLI::ParseError& error, int argc, char** argv);

  Environment environment_;
  CLI::App app_{"hoop: audited access to private services through a gateway", "hoop"};
  std::function<int()> action_;
};

// --json, and the form of the real command line: -o json.
void AddJson(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "JSON on standard output, for scripts");
  command
      .add_option_function<std::string>(
          "-o,--output", [&json](const std::string& form) { json = form == "json"; }, "json or plain")
      ->check(CLI::IsMember({"json", "plain"}));
}

void AddExamples(CLI::App& command, const std::string& examples) { command.footer("Examples:\n" + examples); }

// Each occurrence takes one value and nothing is split: values may have commas and spaces.
void AddEnv(CLI::App& command, std::vector<std::string>& env, const std::string& help) {
  command.add_option("-e,--env", env, help)->type_name("NAME=VALUE")->allow_extra_args(false);
}

void CommandLine::AddAll() {
  app_.require_subcommand(1);
  app_.footer(
      "`hoop COMMAND --help` shows options and examples. The configuration is ~/.hoop/config.toml, or the file\n"
      "that HOOP_CONFIG names. Exit codes: a command's own, else 1.");
  app_.add_flag_callback(
      "--version", [this] { throw CLI::CallForVersion("hoop " + environment_.version + "\n", 0); },
      "Print the version");
  app_.fallthrough();
  app_.add_flag_callback(
      "--skip-tls-verify", [this] { environment_.skip_tls_verify = true; }, "Believe any certificate of the gateway");
  AddExec();
  AddConnect();
  AddSessions();
  AddAudit();
  AddLists();
  AddLogin();
  AddConfig();
  AddAdmin();
  AddStart();
  auto json = std::make_shared<bool>(false);
  AddJson(AddPlain(app_, "version", "Print the version", [this, json] { return RunVersion(environment_, *json); }),
          *json);
}

void CommandLine::AddSession(CLI::App& command, SessionOptions& options) {
  command.add_option("connection", options.connection, "Name of the connection")->required()->type_name("NAME");
  command.add_option("args", options.args, "Behind --: arguments for the connection's command")->type_name("ARGS");
  AddEnv(command, options.env, "Variable for the command; may be repeated");
  command.add_flag("-s,--silent", options.silent, "No session id and no notes on standard error");
  AddJson(command, options.json);
}

void CommandLine::AddExec() {
  auto options = std::make_shared<ExecOptions>();
  CLI::App& command = Add(app_, "exec", "Run one command on a connection", options, RunExec);
  AddSession(command, *options);
  CLI::Option* input = command.add_option("-i,--input", options->input, "The command's standard input, as text");
  command.add_option("-f,--file", options->file, "The command's standard input, as a file")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->excludes(input);
  AddExamples(
      command,
      "  hoop exec bash -i 'uname -a'\n"
      "  echo 'select 1' | hoop exec pg-demo\n"
      "  hoop exec bash -f script.sh -e GREETING='hello, world' -- -x\n"
      "  hoop exec bash -s --json -i 'exit 3'\n"
      "Without -i and -f standard input is read to its end, unless it is a terminal. The exit code is the\n"
      "command's; 1: it was not run, 254: the agent failed, 255: a signal ended it, 130/143: Ctrl-C/TERM here.");
}

void CommandLine::AddConnect() {
  auto options = std::make_shared<ConnectOptions>();
  CLI::App& command = Add(app_, "connect", "A local port to a database or service, or a terminal on a command line",
                          options, RunConnect);
  AddSession(command, *options);
  command
      .add_option("-p,--port", options->port, "Local port; 0: any free one (default: 5433 for postgres, 8999 for tcp)")
      ->type_name("PORT");
  command.add_option("--host", options->host, "Local address to listen on (default: 127.0.0.1)")->type_name("ADDRESS");
  AddExamples(command,
              "  hoop connect pg-demo\n"
              "  hoop connect pg-demo -p 0 --json\n"
              "  hoop connect bash -e TERM=screen-256color\n"
              "For databases and services it listens until Ctrl-C; when the gateway or the agent is lost it tries\n"
              "again for five minutes. A command line gets this terminal until its command ends, and every key\n"
              "with it; the exit code is the command's.");
}

void CommandLine::AddSessions() {
  CLI::App& group = AddGroup("sessions", "What was done: list, get, replay, kill");
  auto list = std::make_shared<SessionsListOptions>();
  CLI::App& list_command = Add(group, "list", "The newest sessions", list, RunSessionsList);
  list_command.add_option("--limit", list->limit, "How many (default: 20)")->check(CLI::Range(1, 100));
  list_command.add_option("--offset", list->offset, "How many of the newest to leave out")->check(CLI::Range(0, 10000));
  list_command.add_option("--user", list->user, "Of this user; % stands for anything");
  list_command.add_option("--connection", list->connection, "Of this connection; % stands for anything");
  list_command.add_option("--type", list->type, "Of this type; % stands for anything");
  AddJson(list_command, list->json);
  AddExamples(list_command, "  hoop sessions list --connection pg-demo --limit 5\n  hoop sessions list --json");

  auto get = std::make_shared<SessionIdOptions>();
  CLI::App& get_command = Add(group, "get", "Who, what, when, how it ended; every SQL statement", get, RunSessionsGet);
  get_command.add_option("id", get->id, "Session id, or last")->required();
  AddJson(get_command, get->json);
  AddExamples(get_command, "  hoop sessions get last");

  auto replay = std::make_shared<ReplayOptions>();
  CLI::App& replay_command = Add(group, "replay", "Show the output again, with its timing", replay, RunSessionsReplay);
  replay_command.add_option("id", replay->id, "Session id, or last")->required();
  replay_command.add_option("--speed", replay->speed, "Times as fast (default: 1)")->check(CLI::PositiveNumber);
  replay_command.add_flag_callback(
      "--no-timing", [replay] { replay->timing = false; }, "All at once");
  replay_command.add_flag("--raw", replay->raw, "The recorded bytes of the output as they were, all at once");
  replay_command.add_flag("--resize", replay->resize, "Ask this terminal for the sizes that the recorded one had");
  AddExamples(replay_command, "  hoop sessions replay last --speed 4\n  hoop sessions replay ID --raw > output.bin");

  auto kill = std::make_shared<SessionIdOptions>();
  CLI::App& kill_command = Add(group, "kill", "End a running session", kill, RunSessionsKill);
  kill_command.add_option("id", kill->id, "Session id, or last")->required();
  AddJson(kill_command, kill->json);
}

void CommandLine::AddAudit() {
  CLI::App& group = AddGroup("audit", "Prove that a record is whole and unchanged");
  auto options = std::make_shared<AuditVerifyOptions>();
  CLI::App& verify = Add(group, "verify", "Fetch a session's record and recompute its proof", options, RunAuditVerify);
  verify.add_option("id", options->id, "Session id, or last")->required();
  verify.add_option("--key", options->key, "The audit key to trust, base64 (default: the one pinned at login)");
  AddJson(verify, options->json);
  AddExamples(verify, "  hoop audit verify last");
}

void CommandLine::AddLogin() {
  auto options = std::make_shared<LoginOptions>();
  CLI::App& command = Add(app_, "login", "Sign in and pin the gateway's audit key", options, RunLogin);
  command.add_option("--api-url", options->api_url, "Address of the API (default: as configured, or asked for)");
  command.add_option("--grpc-url", options->grpc_url, "Address of the gateway (default: as the API says)");
  command.add_option("--email", options->email, "Account (default: asked for)");
  command.add_flag("--password-stdin", options->password_stdin, "Read the password from standard input, for scripts");
  command.add_flag("--accept-audit-key", options->accept_audit_key, "Pin a key that changed");
  AddExamples(command,
              "  hoop login --api-url http://127.0.0.1:8009\n"
              "  hoop login --email me@example.com --password-stdin < password.txt");
}

void CommandLine::AddConfig() {
  CLI::App& group = AddGroup("config", "The configuration file");
  auto create = std::make_shared<ConfigCreateOptions>();
  CLI::App& create_command = Add(group, "create", "Write it; the token comes from HOOP_TOKEN", create, RunConfigCreate);
  create_command.add_option("--api-url", create->api_url, "Address of the API")->required();
  create_command.add_option("--grpc-url", create->grpc_url, "Address of the gateway");
  create_command.add_option("--tls-ca", create->tls_ca_file,
                            "PEM file: whom to trust instead of the machine's authorities");
  AddExamples(create_command, "  hoop config create --api-url http://127.0.0.1:8009 --grpc-url grpc://127.0.0.1:8010");
  auto view = std::make_shared<ConfigViewOptions>();
  CLI::App& view_command = Add(group, "view", "Show it, without the token", view, RunConfigView);
  view_command.add_option("key", view->key, "One value alone: api_url, grpc_url, token, audit_key ...");
  view_command.add_flag("--raw", view->raw, "With the token");
  AddJson(view_command, view->json);
  AddPlain(group, "clear", "Remove it", [this] { return RunConfigClear(environment_); });
  AddPlain(group, "path", "Where it is", [this] { return RunConfigPath(environment_); });
}

void CommandLine::AddLists() {
  auto json = std::make_shared<bool>(false);
  CLI::App& list = AddPlain(app_, "list", "The connections that you may use",
                            [this, json] { return RunListConnections(environment_, *json); });
  list.alias("ls");
  AddJson(list, *json);
}

void CommandLine::AddAdmin() {
  CLI::App& admin = AddGroup("admin", "Agents and connections");
  CLI::App& get = *admin.add_subcommand("get", "List what there is");
  get.require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  AddJson(AddPlain(get, "agents", "Agents", [this, json] { return RunListAgents(environment_, *json); }), *json);
  AddJson(AddPlain(get, "connections", "Connections", [this, json] { return RunListConnections(environment_, *json); }),
          *json);
  AddPlain(admin, "serverinfo", "What the gateway says of itself", [this] { return RunServerInfo(environment_); });

  CLI::App& create = *admin.add_subcommand("create", "Make an agent or a connection");
  create.require_subcommand(1);
  auto name = std::make_shared<std::string>(), mode = std::make_shared<std::string>("standard");
  CLI::App& agent = AddPlain(create, "agent", "Prints the key that the agent starts with",
                             [this, name, mode] { return RunCreateAgent(environment_, *name, *mode); });
  agent.add_option("name", *name, "Name of the agent")->required();
  agent.add_option("--mode", *mode, "standard or embedded")->check(CLI::IsMember({"standard", "embedded"}));
  AddExamples(agent, "  HOOP_KEY=$(hoop admin create agent prod) hoop-agent");

  auto options = std::make_shared<CreateConnectionOptions>();
  CLI::App& connection = Add(create, "connection", "Make a connection", options, RunCreateConnection);
  connection.add_option("name", options->name, "Name of the connection")->required();
  connection.add_option("command", options->command, "Behind --: the command that it runs");
  connection.add_option("-a,--agent", options->agent, "Name of the agent that serves it")->required();
  connection.add_option("-t,--type", options->type, "type or type/subtype (default: custom)");
  AddEnv(connection, options->env, "Secret: NAME=value, envvar:NAME=value or filesystem:NAME=value; may be repeated");
  connection.add_option("--record", options->record, "durable or buffered")
      ->check(CLI::IsMember({"durable", "buffered"}));
  connection.add_flag("--overwrite", options->overwrite, "Replace one of that name");
  AddExamples(
      connection,
      "  hoop admin create connection shell -a prod -- bash\n"
      "  hoop admin create connection orders-db -a prod -t database/postgres -e HOST=db -e USER=app -e PASS=secret");
}

void CommandLine::AddStart() {
  CLI::App& group = AddGroup("start", "Run a gateway, an agent, or both for development");
  auto dev = std::make_shared<StartDevOptions>();
  dev->version = environment_.version;
  CLI::App& command =
      AddPlain(group, "dev", "Gateway, agent and demo connections in one process", [dev] { return RunStartDev(*dev); });
  command.add_option("--data", dev->data_dir, "Folder that keeps everything")->type_name("DIR");
  command.add_option("--http", dev->http_listen, "Where the API listens (default: 127.0.0.1:8009)")
      ->type_name("ADDRESS");
  command.add_option("--grpc", dev->grpc_listen, "Where the gateway listens (default: 127.0.0.1:8010)")
      ->type_name("ADDRESS");
  command.add_option("--connections", dev->connections_file, "Connections to serve (default: the demo's)")
      ->type_name("FILE.yaml");
  command.add_option("--ready-file", dev->ready_file, "Written as JSON when it serves")->type_name("FILE");
  command.add_flag("--tour", dev->tour, "Run a command through it and show its record");
  command.add_option("--log-level", dev->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  AddExamples(command, "  hoop start dev\n  hoop start dev --data /tmp/dev --http 127.0.0.1:0 --grpc 127.0.0.1:0");
  AddPlain(group, "gateway", "The gateway; its options come from the environment",
           [] { return RunSibling("hoop-gateway"); });
  AddPlain(group, "agent", "An agent; HOOP_KEY is its key", [] { return RunSibling("hoop-agent"); });
}

// ---- Mistakes ------------------------------------------------------------------------------------------------------

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// The group that the arguments name, and the first word that is none of its commands; "" when all are.
struct Unknown {
  CLI::App* group;
  std::string word;
};
Unknown FindUnknown(CLI::App& app, int argc, char** argv) {
  CLI::App* group = &app;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    if (group->get_subcommands([](CLI::App*) { return true; }).empty()) break;
    const std::string word = argv[i];
    const auto named = group->get_subcommands([&word](const CLI::App* command) { return command->check_name(word); });
    if (named.empty()) return {group, word};
    group = named.front();
  }
  return {group, ""};
}

std::string Suggestion(const CLI::App& group, const std::string& word) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const CLI::App* command : group.get_subcommands([](const CLI::App*) { return true; })) {
    const size_t distance = EditDistance(word, command->get_name());
    if (distance < best_distance) {
      best_distance = distance;
      best = command->get_name();
    }
  }
  return best;
}

int CommandLine::FailUsage(const CLI::ParseError& error, int argc, char** argv) {
  const auto [group, word] = FindUnknown(app_, argc, argv);
  std::string names = "hoop";
  for (const CLI::App* app = group; app != &app_; app = app->get_parent()) {
    names.insert(4, " " + app->get_name());
  }
  if (word.empty()) return Fail(fmt::format("{}; see `{} --help`", error.what(), names));
  const std::string suggestion = Suggestion(*group, word);
  if (suggestion.empty()) return Fail(fmt::format("unknown command \"{}\"; see `{} --help`", word, names));
  return Fail(fmt::format("unknown command \"{}\": did you mean `{} {}`?", word, names, suggestion));
}

int CommandLine::Run(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
    return FailUsage(error, argc, argv);
  }
  return action_();
}

}  // namespace

int RunCommandLine(int argc, char** argv, const Environment& environment) {
  return CommandLine(environment).Run(argc, argv);
}

}  // namespace hoop::cli

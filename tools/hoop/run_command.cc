// `hoop run`: brings a connection along with the organization's key and serves it from here, on demand, until the
// command in the foreground ends, or a signal comes.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "child_process.h"
#include "commands.h"
#include "database_uri.h"
#include "hoop/agent.h"
#include "hoop/log.h"

namespace hoop::cli {
namespace {

constexpr absl::Duration kStopTime = absl::Seconds(5);

// What sessions get: everything but credentials of ours.
std::map<std::string, std::string> OwnVariables() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const char* secret : {"HOOP_KEY", "HOOP_DSN", "HOOP_TOKEN", "HOOP_DB_URI", "TOKEN", "TLS_CLIENT_KEY"}) {
    variables.erase(secret);
  }
  return variables;
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

// The user's shell, else one that is there.
std::string DefaultShell() {
  if (const char* shell = std::getenv("SHELL"); shell != nullptr && *shell != '\0') return shell;
  return FindProgram("bash", {}).empty() ? "sh" : "bash";
}

absl::StatusOr<AgentOptions> MakeAgentOptions(const Environment& environment, const PublishOptions& options) {
  AgentOptions agent;
  agent.key = environment.agent_key;
  if (agent.key.empty())
    return absl::InvalidArgumentError("HOOP_KEY is not set: `hoop admin create orgkeys` makes one");
  auto config = WithTls(ClientConfig(), environment);
  if (!config.ok()) return config.status();
  agent.tls = config->tls;
  agent.version = environment.version;
  agent.warden_command = {"/proc/self/exe", "warden"};
  agent.environment = OwnVariables();
  agent.log = &StderrLog(LogLevel::kWarning, LogEncoding::kConsole);
  AgentConnection connection{.name = options.name.empty() ? HostName() : options.name};
  connection.reviewers = options.reviewers;
  connection.redact_types = options.redact_types;
  if (const std::string uri = options.postgres.empty() ? environment.database_uri : options.postgres; !uri.empty()) {
    auto variables = PostgresVariables(uri);
    if (!variables.ok()) return variables.status();
    for (auto& [name, value] : *variables) agent.environment.insert_or_assign(name, std::move(value));
    connection.type = "database";
    connection.subtype = "postgres";
  } else {
    const std::string line = options.command.empty() ? DefaultShell() : options.command;
    connection.command = {line};
    if (line.find(' ') != std::string::npos) connection.command = {"sh", "-c", line};
  }
  agent.connection = std::move(connection);
  return agent;
}

// Until the command has ended, or, without one, until a signal comes. Signals for this program alone are handed on; the
// terminal's keys reach the command by themselves.
int WaitForEnd(const sigset_t& signals, pid_t command) {
  while (true) {
    int signal = 0;
    ::sigwait(&signals, &signal);
    if (signal == SIGCHLD) {
      int status = 0;
      if (command <= 0 || ::waitpid(command, &status, WNOHANG) != command) continue;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (command <= 0) return 128 + signal;
    if (signal != SIGINT) ::kill(command, signal);
  }
}

}  // namespace

int RunPublish(const Environment& environment, const PublishOptions& options) {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are threads, which inherit it
  auto agent_options = MakeAgentOptions(environment, options);
  if (!agent_options.ok()) return Fail(agent_options.status());
  const std::string name = agent_options->connection->name;
  auto agent = Agent::Create(*std::move(agent_options));
  if (!agent.ok()) return Fail(agent.status());
  if (const absl::Status started = (*agent)->Start(); !started.ok()) return Fail(started);
  fmt::print(stderr, "hoop: serving connection {} at {}\n", name, (*agent)->gateway_address());
  pid_t command = 0;
  if (!options.foreground.empty()) {
    std::vector<std::string> words = options.foreground;
    if (words[0].find('/') == std::string::npos) words[0] = FindProgram(words[0], {});
    if (words[0].empty()) return Fail(options.foreground[0] + ": command not found");
    auto child = StartChild(words, {.in_foreground = true});
    if (!child.ok()) return Fail(child.status());
    command = *child;
  }
  const int code = WaitForEnd(signals, command);
  (*agent)->Stop(kStopTime);
  return code;
}

}  // namespace hoop::cli

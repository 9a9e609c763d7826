// `hoop run`: brings a connection along with the organization's key and serves it from here, on demand, until the
// command in the foreground ends, or a signal comes.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "child_process.h"
#include "commands.h"
#include "database_uri.h"
#include "hoop/agent.h"
#include "hoop/log.h"
#include "tools/service/agent_settings.h"

namespace hoop::cli {
namespace {

constexpr absl::Duration kStopTime = absl::Seconds(5);
constexpr std::string_view kWantedKey = "; `hoop admin create orgkeys` prints the organization's, which is needed here";

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
    return absl::InvalidArgumentError("HOOP_KEY is not set: `hoop admin create orgkeys` prints the organization's");
  auto config = WithTls(ClientConfig(), environment);
  if (!config.ok()) return config.status();
  agent.tls = config->tls;
  agent.version = environment.version;
  agent.warden_command = {"/proc/self/exe", "warden"};
  agent.environment = VariablesOfSessions(OwnEnvironment());
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

// What asking again does not change: the key, or the connection's name. Everything else the agent tries again.
bool IsRefused(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsInvalidArgument(status);
}

// The words of a command with the path of its program.
absl::StatusOr<std::vector<std::string>> WithProgram(std::vector<std::string> words) {
  if (words.empty()) return words;
  const bool is_path = words[0].find('/') != std::string::npos;
  const std::string program = is_path ? words[0] : FindProgram(words[0], {});
  if (program.empty()) return absl::NotFoundError(words[0] + ": command not found");
  if (::access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(fmt::format("{}: {}", words[0], ::strerror(errno)));
  }
  words[0] = program;
  return words;
}

// A refusal by the gateway may be about the connection, which it names itself, about the key, or about the
// certificate, which it says.
std::string NotServed(const std::string& connection, const absl::Status& refused) {
  const std::string why = Text(refused);
  if (why.starts_with(fmt::format("connection {} ", connection))) return why + " (-n)";
  const bool is_key = absl::IsUnauthenticated(refused) && why.starts_with("invalid authentication");
  return fmt::format("connection {} is not served: {}{}{}", connection, is_key ? "HOOP_KEY: " : "", why,
                     is_key ? kWantedKey : "");
}

// One run: the agent serves the connection; the command, if there is one, begins when it is known that nothing speaks
// against it, and outlives a gateway that is away. The main thread waits for signals; kNews is the agent's own.
class Run final {
 public:
  static constexpr int kNews = SIGUSR1;

  Run(const Agent& agent, std::string connection, std::vector<std::string> command)
      : agent_(agent), connection_(std::move(connection)), command_(std::move(command)) {}

  // Until the command has ended, or, without one, until a signal comes or the gateway refuses the connection.
  int WaitForEnd(const sigset_t& signals) {
    while (!code_) {
      siginfo_t info = {};
      const int signal = ::sigwaitinfo(&signals, &info);
      if (signal < 0) continue;              // interrupted: a debugger
      const bool is_key = info.si_code > 0;  // of the terminal; others come from a process
      if (signal == kNews) {
        OnNews();
      } else if (signal == SIGCHLD) {
        OnChild();
      } else if (child_ <= 0) {
        code_ = 128 + signal;
      } else if (signal != SIGINT || !is_key) {  // the terminal's keys reach the command by themselves
        ::kill(child_, signal);
      }
    }
    return *code_;
  }
  // Once, if only for a moment.
  bool was_served() const { return was_served_; }

 private:
  void OnNews() {
    const absl::Status refused = agent_.last_error();
    if (agent_.connected()) {
      was_served_ = true;
      if (!std::exchange(served_, true)) {
        fmt::print(stderr, "hoop: serving connection {} at {}\n", connection_, agent_.gateway_address());
      }
    } else if (refused.ok()) {
      return;  // it stops
    } else if (IsRefused(refused)) {
      served_ = false;
      const int code = Fail(NotServed(connection_, refused));
      if (child_ <= 0) code_ = code;
    }
    if (!code_ && !command_.empty() && child_ <= 0) StartCommand();
  }

  void StartCommand() {
    auto child = StartChild(command_, {.in_foreground = true});
    if (child.ok()) child_ = *child;
    if (!child.ok()) code_ = Fail(child.status());
  }

  void OnChild() {
    int status = 0;
    if (child_ <= 0 || ::waitpid(child_, &status, WNOHANG) != child_) return;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  const Agent& agent_;
  const std::string connection_;
  const std::vector<std::string> command_;
  bool served_ = false;
  bool was_served_ = false;
  pid_t child_ = 0;
  std::optional<int> code_;
};

}  // namespace

int RunPublish(const Environment& environment, const PublishOptions& options) {
  // A connection for a command that is not there would be made for nothing.
  auto command = WithProgram(options.foreground);
  if (!command.ok()) return Fail(command.status());
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, Run::kNews}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are threads, which inherit it
  auto agent_options = MakeAgentOptions(environment, options);
  if (!agent_options.ok()) return Fail(agent_options.status());
  agent_options->on_change = [] { ::kill(::getpid(), Run::kNews); };
  const std::string name = agent_options->connection->name;
  auto agent = Agent::Create(*std::move(agent_options));
  if (!agent.ok() && Text(agent.status()).starts_with("HOOP_KEY: ")) {
    return Fail(Text(agent.status()) + std::string(kWantedKey));
  }
  if (!agent.ok()) return Fail(agent.status());
  if (const absl::Status started = (*agent)->Start(); !started.ok()) return Fail(started);
  Run run(**agent, name, *std::move(command));
  const int code = run.WaitForEnd(signals);
  (*agent)->Stop(kStopTime);
  if (run.was_served()) {
    fmt::print(stderr,
               "hoop: connection {} is offline now and stays defined; `hoop admin delete connection {}` removes it\n",
               name, name);
  }
  return code;
}

}  // namespace hoop::cli

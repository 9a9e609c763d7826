// hoop-gateway: the gateway as a program of its own. Reads the environment (tools/service/gateway_settings.h),
// assembles, serves until TERM or INT. HUP, or a change of the files that TLS_KEY and TLS_CERT name, replaces the
// certificate.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "backup_command.h"
#include "free_memory.h"
#include "hoop/gateway.h"
#include "tools/service/agent_settings.h"
#include "tools/service/arguments.h"
#include "tools/service/end_signals.h"
#include "tools/service/gateway_settings.h"
#include "tools/service/service_manager.h"
#include "tools/service/tls_files.h"

namespace {

constexpr char kReencrypt[] = "reencrypt-secrets";
constexpr absl::Duration kPause = absl::Seconds(5);  // between two looks at files and memory
constexpr absl::Duration kLoopPatience = absl::Seconds(5);

int Fail(const absl::Status& status) {
  fmt::print(stderr, "hoop-gateway: {}\n", std::string(hoop::WithNames(status, hoop::GatewayOptionNames()).message()));
  return 1;
}

int Reencrypt(const hoop::GatewaySettings& settings) {
  const auto done = hoop::Gateway::ReencryptSecrets(settings.options, settings.new_secrets_key);
  if (!done.ok()) return Fail(done.status());
  fmt::print("{}\n", *done);
  return 0;
}

int Check(const hoop::GatewayOptions& options) {
  const auto found = hoop::Gateway::Try(options);
  if (!found.ok()) return Fail(found.status());
  for (const std::string& line : *found) fmt::print("{}\n", line);
  fmt::print("not tried: {} and {}, where it would listen\n", options.http_listen, options.grpc_listen);
  fmt::print("hoop-gateway: the configuration is good\n");
  return 0;
}

hoop::ProgramText About() {
  return {.name = "hoop-gateway",
          .summary = "the gateway: identifies, routes, records",
          .version = HOOP_VERSION,
          .check = "read the configuration, try the folders and the database, change nothing, serve nothing",
          .description =
              "Users reach private databases, shells and services through it; agents (hoop-agent) dial in "
              "from beside these. It is told everything by its environment, serves the API and gRPC, and "
              "logs on standard error. As a service of systemd it says when it is ready, and that it lives.",
          .commands = {{kReencrypt, "encrypt the secrets in the database with another key (HOOP_SECRETS_KEY_NEW)"},
                       {"backup FILE [--force]", "write a backup of the data folder (SQLite), also while it serves"},
                       {"restore FILE [--force]", "put a backup back while no gateway runs"}},
          .signals = {{"TERM, INT",
                       "end in order within HOOP_SHUTDOWN_DEADLINE: sessions are told, records sealed; "
                       "a second one ends it at once"},
                      {"HUP", "take what the files of TLS_KEY, TLS_CERT and TLS_CA hold now"}},
          .see_also = {"hoop-agent(8)", "hoop(1)"}};
}

// As many connections as the system allows this process. Memory: no system call for each packet that comes and goes,
// but large blocks go back when they are freed (the hash of a password takes 32 MiB for a moment). Debian's abseil
// checks the order of locks at each one; tests do, too.
void PrepareProcess() {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

// One gateway's life in this process.
class Service final {
 public:
  Service(const hoop::Environment& environment, hoop::GatewaySettings settings, hoop::LogSink& log)
      : manager_(environment, ::getpid()), settings_(std::move(settings)), log_(log), tls_files_(settings_.tls) {}

  int Run();

 private:
  void Serve();
  void Announce();
  void ReplaceTls();

  // First: blocks the signals for all threads.
  hoop::EndSignals signals_;
  hoop::ServiceManager manager_;
  const hoop::GatewaySettings settings_;
  hoop::LogSink& log_;
  hoop::TlsFiles tls_files_;
  std::unique_ptr<hoop::Gateway> gateway_;
};

int Service::Run() {
  // Read again: this notes which files they came from, and when.
  hoop::GatewayOptions options = settings_.options;
  auto tls = tls_files_.Read();
  if (!tls.ok()) return Fail(tls.status());
  options.tls = *std::move(tls);
  options.log = &log_;
  auto gateway = hoop::Gateway::Create(std::move(options));
  if (!gateway.ok()) return Fail(gateway.status());
  gateway_ = *std::move(gateway);
  if (const absl::Status started = gateway_->Start(); !started.ok()) return Fail(started);
  Announce();
  Serve();
  const std::string deadline = absl::FormatDuration(settings_.shutdown_deadline);
  log_.Write(hoop::LogLevel::kInfo, "gateway stopping", {{"deadline", deadline}});
  manager_.Stopping(settings_.shutdown_deadline);
  signals_.EndAtNext();
  gateway_->Shutdown(settings_.shutdown_deadline);
  gateway_.reset();
  return 0;
}

void Service::Announce() {
  manager_.Ready(fmt::format("serving {} and {}", gateway_->api_url(), gateway_->grpc_url()));
  const auto token = gateway_->SetupToken();
  if (!token.ok()) return;
  fmt::print(stderr,
             "no account yet. Make the first one, an administrator, with this set-up token (also in "
             "{}/setup-token):\n"
             "  hoop login --api-url {} --setup-token {}\n",
             settings_.options.data_dir, gateway_->api_url(), *token);
}

// Until TERM or INT.
void Service::Serve() {
  hoop::FreeMemory memory;
  const absl::Duration pause = std::min(kPause, manager_.alive_interval().value_or(kPause));
  for (;;) {
    const std::optional<int> signal = signals_.Await(pause);
    if (signal == SIGINT || signal == SIGTERM) return;
    if (!signal) memory.GiveBack();
    if (signal == SIGHUP || tls_files_.Changed()) ReplaceTls();
    // Without the sign of life the service manager starts a new gateway.
    if (manager_.alive_interval() && gateway_->Responds(kLoopPatience)) manager_.Alive();
  }
}

// What was good stays when the new one is not.
void Service::ReplaceTls() {
  manager_.Reloading();
  const auto tls = tls_files_.Read();
  absl::Status status = tls.status();
  if (status.ok()) status = *tls ? gateway_->ReplaceTls(**tls) : absl::FailedPreconditionError("TLS_KEY: is not set");
  if (!status.ok()) {
    const std::string reason(status.message());
    log_.Write(hoop::LogLevel::kWarning, "tls certificate not replaced", {{"reason", reason}});
  }
  manager_.Ready(fmt::format("serving {} and {}", gateway_->api_url(), gateway_->grpc_url()));
}

}  // namespace

int main(int argc, char** argv) {
  const hoop::Environment environment = hoop::OwnEnvironment();
  hoop::GatewaySettings settings;
  hoop::AgentSettings of_agents;  // a variable of the other program is no mistake
  settings.options.version = HOOP_VERSION;
  const hoop::Variables variables = hoop::GatewayVariables(settings);
  hoop::Arguments arguments;
  std::vector<std::string> words(argv + 1, argv + argc);
  if (IsBackupCommand(words) && !hoop::AsksForHelp(words)) return RunBackupCommand(words, environment);
  const bool reencrypt = !words.empty() && words.front() == kReencrypt;
  if (reencrypt) words.erase(words.begin());
  const auto done = hoop::ReadArguments(words, About(), variables, arguments);
  if (done) return *done;
  if (absl::Status status = hoop::ReadGatewaySettings(environment, settings); !status.ok()) return Fail(status);
  if (arguments.debug_grpc) settings.options.log_calls = 2;
  hoop::LogSink& log = hoop::OpenLog(settings.log, arguments, environment);
  for (const std::string& name : hoop::UnknownNames(environment, {variables, hoop::AgentVariables(of_agents)})) {
    log.Write(hoop::LogLevel::kWarning, "unknown variable, see --help", {{"name", name}});
  }
  for (const std::string& note : settings.notes) log.Write(hoop::LogLevel::kWarning, note, {});
  if (arguments.check) return Check(settings.options);
  if (reencrypt) return Reencrypt(settings);
  PrepareProcess();
  return Service(environment, std::move(settings), log).Run();
}

// hoop-agent: reads the environment (tools/service/agent_settings.h), assembles an Agent, runs it until TERM or INT.
// With the argument `warden` it is the process that starts commands on behalf of such an agent (started by the agent
// itself).
#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "hoop/agent.h"
#include "tools/service/agent_settings.h"
#include "tools/service/arguments.h"
#include "tools/service/end_signals.h"
#include "tools/service/gateway_settings.h"
#include "tools/service/service_manager.h"

namespace {

constexpr absl::Duration kLoopPatience = absl::Seconds(5);

std::string Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

int Fail(std::string_view text) {
  fmt::print(stderr, "hoop-agent: {}\n", text);
  return 1;
}

hoop::ProgramText About() {
  return {.name = "hoop-agent",
          .summary = "dials a gateway and serves connections from here",
          .version = HOOP_VERSION,
          .check = "read and check the configuration; the gateway is not dialled",
          .description =
              "It runs beside private databases, shells and services, connects to its gateway "
              "(hoop-gateway) and opens what users of the gateway may use, with credentials that they "
              "never see. It is told everything by its environment and logs on standard error. As a "
              "service of systemd it says when it is ready, and that it lives.",
          .signals = {{"TERM, INT",
                       "end sessions and their processes within HOOP_SHUTDOWN_DEADLINE, then itself; a "
                       "second one ends it at once"},
                      {"HUP", "nothing"}},
          .see_also = {"hoop-gateway(8)", "hoop(1)"}};
}

// Before any thread exists: gRPC C++ looks at its variables when it is loaded.
void AskGrpcToSpeak(int much) {
  if (much == 0) return;
  ::setenv("GRPC_VERBOSITY", much == 1 ? "INFO" : "DEBUG", 0);
  if (much > 1) ::setenv("GRPC_TRACE", "connectivity_state,http", 0);
}

absl::StatusOr<std::unique_ptr<hoop::Agent>> Assemble(hoop::AgentSettings& settings, hoop::LogSink& log) {
  settings.options.version = HOOP_VERSION;
  settings.options.warden_command = {"/proc/self/exe", "warden"};
  settings.options.clock = &hoop::Clock::System();
  settings.options.log = &log;
  return hoop::Agent::Create(std::move(settings.options));
}

int Serve(hoop::Agent& agent, const hoop::AgentSettings& settings, hoop::EndSignals& signals,
          hoop::ServiceManager& manager, hoop::LogSink& log) {
  const std::string address = agent.gateway_address();
  // Strict: without TLS there is nothing to verify, with it there is no way around.
  const std::string_view tls = agent.speaks_tls() ? "true" : "false";
  log.Write(
      hoop::LogLevel::kInfo, "agent starting",
      {{"grpc_server", address}, {"tls", tls}, {"strict-tls", tls}, {"mode", agent.mode()}, {"version", HOOP_VERSION}});
  if (absl::Status status = agent.Start(); !status.ok()) return Fail(Text(status));
  // Ready means that it dials: a gateway that is down must not hold up what starts after the agent.
  manager.Ready("dialling " + address);
  std::optional<int> signal;
  bool was_connected = false;
  while (!(signal = signals.Await(manager.alive_interval().value_or(absl::Seconds(5)))) || *signal == SIGHUP) {
    if (manager.alive_interval() && agent.Responds(kLoopPatience)) manager.Alive();
    if (std::exchange(was_connected, agent.connected()) != agent.connected()) {
      manager.Ready((agent.connected() ? "connected to " : "dialling ") + address);
    }
  }
  log.Write(hoop::LogLevel::kInfo, "agent stopping", {{"signal", ::strsignal(*signal)}});
  manager.Stopping(settings.shutdown_deadline);
  signals.EndAtNext();
  agent.Stop(settings.shutdown_deadline);
  return 0;
}

int RunAgent(const hoop::Environment& environment, const std::vector<std::string>& words) {
  hoop::AgentSettings settings;
  hoop::GatewaySettings of_gateways;  // a variable of the other program is no mistake
  const hoop::Variables variables = hoop::AgentVariables(settings);
  hoop::Arguments arguments;
  const auto done = hoop::ReadArguments(words, About(), variables, arguments);
  if (done) return *done;
  if (absl::Status status = hoop::ReadAgentSettings(environment, settings); !status.ok()) return Fail(Text(status));
  hoop::LogSink& log = hoop::OpenLog(settings.log, arguments, environment);
  for (const std::string& name : hoop::UnknownNames(environment, {variables, hoop::GatewayVariables(of_gateways)})) {
    log.Write(hoop::LogLevel::kWarning, "unknown variable, see --help", {{"name", name}});
  }
  for (const std::string& note : settings.notes) log.Write(hoop::LogLevel::kWarning, note, {});
  AskGrpcToSpeak(arguments.debug_grpc ? 2 : settings.log.grpc);
  hoop::EndSignals signals;
  hoop::ServiceManager manager(environment, ::getpid());
  auto agent = Assemble(settings, log);
  if (!agent.ok() && Text(agent.status()).starts_with("HOOP_KEY: ")) {
    return Fail(fmt::format("{}; `hoop admin create agent NAME` prints an agent's", Text(agent.status())));
  }
  if (!agent.ok()) return Fail(Text(agent.status()));
  if (arguments.check) {
    fmt::print("hoop-agent: the configuration is good; {} was not dialled\n", (*agent)->gateway_address());
    return 0;
  }
  return Serve(**agent, settings, signals, manager, log);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "warden") return hoop::RunWarden();
  // Packets come and go: no system call for each. Debian's abseil checks the order of locks at each one; tests do, too.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const rlimit no_core{0, 0};  // a core file would hold secrets
  ::setrlimit(RLIMIT_CORE, &no_core);
  return RunAgent(hoop::OwnEnvironment(), std::vector<std::string>(argv + 1, argv + argc));
}

// hoop-agent: reads the environment, assembles an Agent, runs it until TERM or INT. With the argument `warden` it is
// the process that starts commands on behalf of such an agent (started by the agent itself).
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "hoop/agent.h"
#include "hoop/log.h"
#include "tools/grpc_client.h"

namespace {

constexpr absl::Duration kStopTime = absl::Seconds(5);

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

hoop::LogLevel LowestLevel(std::string_view text) {
  if (text == "debug") return hoop::LogLevel::kDebug;
  if (text == "warn" || text == "warning") return hoop::LogLevel::kWarning;
  if (text == "error") return hoop::LogLevel::kError;
  return hoop::LogLevel::kInfo;
}

// What connections may ask for: everything but the agent's own credentials.
std::map<std::string, std::string> OwnVariables() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const char* secret : {"HOOP_KEY", "HOOP_DSN", "HOOP_TOKEN", "TOKEN", "TLS_CLIENT_KEY"}) result.erase(secret);
  return result;
}

std::string Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

// The first variable of `names` that is set: its name and its value.
std::pair<const char*, std::string> FirstOf(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Variable(name); !value.empty()) return {name, std::move(value)};
  }
  return {*names.begin(), ""};
}

absl::Status ReadTls(hoop::DiallerTls& tls) {
  tls.server_name = FirstOf({"TLS_SERVER_NAME", "HOOP_TLSSERVERNAME"}).second;
  auto [authorities, value] = FirstOf({"TLS_CA", "HOOP_TLSCA", "SSL_CERT_FILE"});
  if (std::string_view(authorities) == "SSL_CERT_FILE") value.insert(0, "file://");
  const struct {
    const char* variable;
    std::string value;
    std::string& to;
  } texts[] = {{authorities, value, tls.ca},
               {"TLS_CLIENT_CERT", Variable("TLS_CLIENT_CERT"), tls.certificate},
               {"TLS_CLIENT_KEY", Variable("TLS_CLIENT_KEY"), tls.key}};
  for (const auto& text : texts) {
    if (text.value.empty()) continue;
    auto pem = hoop::LoadPem(text.variable, text.value);
    if (!pem.ok()) return pem.status();
    text.to = *std::move(pem);
  }
  return absl::OkStatus();
}

int Fail(std::string_view text) {
  std::fprintf(stderr, "hoop-agent: %.*s\n", static_cast<int>(text.size()), text.data());
  return 1;
}

int RunAgent() {
  // Handled by sigwait below; blocked before any thread exists, so that every thread inherits it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const rlimit no_core{0, 0};  // a core file would hold secrets
  ::setrlimit(RLIMIT_CORE, &no_core);

  hoop::LogSink& log = hoop::StderrLog(LowestLevel(Variable("LOG_LEVEL")), Variable("LOG_ENCODING") == "json");
  hoop::AgentOptions options;
  options.key = Variable("HOOP_KEY");
  if (options.key.empty()) {
    options.key = Variable("HOOP_DSN");
    if (!options.key.empty()) log.Write(hoop::LogLevel::kWarning, "HOOP_DSN is deprecated, use HOOP_KEY", {});
  }
  if (options.key.empty()) return Fail("missing HOOP_KEY environment variable");
  options.version = HOOP_VERSION;
  auto grpc_library = hoop::GrpcLibrary(Variable("HOOP_GRPC_CLIENT"));
  if (!grpc_library.ok()) return Fail(Text(grpc_library.status()));
  options.grpc_library = *std::move(grpc_library);
  options.warden_command = {"/proc/self/exe", "warden"};
  options.runtime_dir = Variable("TMPDIR");
  options.environment = OwnVariables();
  const std::string verified = Variable("HOOP_REQUIRE_VERIFIED_TLS");
  if (!verified.empty() && verified != "true" && verified != "false") {
    return Fail("HOOP_REQUIRE_VERIFIED_TLS: \"" + verified + "\" is neither true nor false");
  }
  options.require_verified_tls = verified == "true";
  options.clock = &hoop::Clock::System();
  options.log = &log;

  if (absl::Status status = ReadTls(options.tls); !status.ok()) return Fail(Text(status));
  if (Variable("HOOP_TLS_SKIP_VERIFY") == "true") {
    log.Write(hoop::LogLevel::kWarning, "HOOP_TLS_SKIP_VERIFY is ignored: an agent always verifies its gateway", {});
  }
  auto agent = hoop::Agent::Create(std::move(options));
  if (!agent.ok()) {
    const std::string text = Text(agent.status());
    const bool is_key = absl::IsInvalidArgument(agent.status()) && !text.starts_with("TLS_");
    return Fail((is_key ? "HOOP_KEY: " : "") + text);
  }
  const std::string address = (*agent)->gateway_address();
  // Strict: without TLS there is nothing to verify, with it there is no way around.
  const std::string_view tls = (*agent)->speaks_tls() ? "true" : "false";
  log.Write(
      hoop::LogLevel::kInfo, "agent starting",
      {{"grpc_server", address}, {"tls", tls}, {"strict-tls", tls}, {"mode", "standard"}, {"version", HOOP_VERSION}});
  if (absl::Status status = (*agent)->Start(); !status.ok()) return Fail(Text(status));
  int signal = 0;
  ::sigwait(&ends, &signal);
  log.Write(hoop::LogLevel::kInfo, "agent stopping", {{"signal", ::strsignal(signal)}});
  (*agent)->Stop(kStopTime);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "warden") return hoop::RunWarden();
  if (count == 2 && std::string_view(arguments[1]) == "--version") {
    std::printf("hoop-agent %s\n", HOOP_VERSION);
    return 0;
  }
  if (count > 1) return Fail("takes no arguments; set HOOP_KEY");
  // Packets come and go: no system call for each. Debian's abseil checks the order of locks at each one; tests do, too.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return RunAgent();
}

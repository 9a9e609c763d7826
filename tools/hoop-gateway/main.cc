// hoop-gateway: the gateway as a program of its own. Reads the environment, assembles, serves until TERM or INT.
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "hoop/gateway.h"
#include "hoop/log.h"

namespace {

std::string Environment(const char* name, std::string otherwise = "") {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(otherwise) : std::string(value);
}

std::string DefaultDataDir() {
  if (::geteuid() == 0) return "/var/lib/hoop";
  if (const std::string state = Environment("XDG_STATE_HOME"); !state.empty()) return state + "/hoop";
  return Environment("HOME", "/tmp") + "/.local/state/hoop";
}

std::string DefaultJournalDir() {
  const std::string usual = "/opt/hoop/sessions";
  return ::access(usual.c_str(), W_OK) == 0 ? usual : "";
}

hoop::LogLevel LevelOf(const std::string& text) {
  if (text == "debug" || text == "DEBUG") return hoop::LogLevel::kDebug;
  if (text == "warn" || text == "WARN" || text == "warning") return hoop::LogLevel::kWarning;
  if (text == "error" || text == "ERROR") return hoop::LogLevel::kError;
  return hoop::LogLevel::kInfo;
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "hoop-gateway: {}\n", std::string(status.message()));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--version") {
    fmt::print("hoop-gateway {}\n", HOOP_VERSION);
    return 0;
  }
  if (argc > 1) {
    fmt::print(stderr,
               "usage: hoop-gateway [--version]. Environment: HOOP_DATA_DIR, HOOP_HTTP_LISTEN (0.0.0.0:8009), "
               "HOOP_GRPC_LISTEN "
               "(0.0.0.0:8010), API_URL, GRPC_URL, PLUGIN_AUDIT_PATH, LOG_LEVEL, LOG_ENCODING\n");
    return 1;
  }
  // Packets come and go: no system call for each. Debian's abseil checks the order of locks at each one; tests do, too.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  sigset_t signals;  // blocked before any thread is made: only sigwait below sees them
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  hoop::GatewayOptions options;
  options.data_dir = Environment("HOOP_DATA_DIR", DefaultDataDir());
  options.journal_dir = Environment("PLUGIN_AUDIT_PATH", DefaultJournalDir());
  options.http_listen = Environment("HOOP_HTTP_LISTEN", "0.0.0.0:" + Environment("PORT", "8009"));
  options.grpc_listen = Environment("HOOP_GRPC_LISTEN", "0.0.0.0:8010");
  options.api_url = Environment("API_URL");
  options.grpc_url = Environment("GRPC_URL");
  options.version = HOOP_VERSION;
  options.log =
      &hoop::StderrLog(LevelOf(Environment("LOG_LEVEL", "info")), Environment("LOG_ENCODING", "json") == "json");
  auto gateway = hoop::Gateway::Create(std::move(options));
  if (!gateway.ok()) return Fail(gateway.status());
  if (const absl::Status started = (*gateway)->Start(); !started.ok()) return Fail(started);
  if (const std::string token = (*gateway)->setup_token(); !token.empty()) {
    fmt::print(stderr,
               "no account yet. Make the first one, an administrator, with this set-up token (also in "
               "<data>/setup-token):\n"
               "  curl -d '{{\"email\": \"you@example.com\", \"password\": \"...\", \"setup_token\": \"{}\"}}' "
               "{}/api/localauth/register\n",
               token, (*gateway)->api_url());
  }
  int signal = 0;
  ::sigwait(&signals, &signal);
  (*gateway)->Shutdown(absl::Seconds(10));
  return 0;
}

// hoop-gateway: the gateway as a program of its own. Reads the environment, assembles, serves until TERM or INT. HUP,
// or a change of the files that TLS_KEY and TLS_CERT name, replaces the certificate.
#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "hoop/gateway.h"
#include "hoop/log.h"
#include "tls_environment.h"

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

size_t ResidentBytes() {
  size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

// What a burst of work or of strangers left behind as free memory goes back to the system: glibc would keep it. Looking
// for it takes a moment in which nobody gets memory: not without cause.
class FreeMemory final {
 public:
  // Every few seconds.
  void GiveBack() {
    constexpr size_t kGrowthBytes = 4 * 1024 * 1024;
    constexpr int kSeldom = 3;  // calls, while nothing grows
    const size_t now = ResidentBytes();
    least_ = std::min(least_, now);
    const bool has_grown = now >= before_ + kGrowthBytes;
    if (++calls_ % kSeldom != 0 && !has_grown && !is_worth_it_) return;
    if (now < least_ + kGrowthBytes) return;
    ::malloc_trim(0);
    before_ = ResidentBytes();
    is_worth_it_ = before_ + kGrowthBytes / 4 < now;
  }

 private:
  size_t least_ = ResidentBytes(), before_ = least_;
  int calls_ = 0;
  bool is_worth_it_ = false;  // the last time brought something, and there may be more
};

// GATEWAY_ALLOW_PLAINTEXT.
absl::StatusOr<bool> ReadAllowPlaintext() {
  const std::string value = Environment("GATEWAY_ALLOW_PLAINTEXT", "false");
  if (value == "true" || value == "false") return value == "true";
  return absl::InvalidArgumentError(fmt::format("GATEWAY_ALLOW_PLAINTEXT: {} is neither true nor false", value));
}

// What was good stays when the new one is not.
void ReplaceTls(hoop::Gateway& gateway, TlsEnvironment& environment, hoop::LogSink& log) {
  const auto tls = environment.Read();
  absl::Status status = tls.status();
  if (status.ok()) status = *tls ? gateway.ReplaceTls(**tls) : absl::FailedPreconditionError("TLS_KEY: is not set");
  if (!status.ok()) {
    const std::string reason(status.message());
    log.Write(hoop::LogLevel::kWarning, "tls certificate not replaced", {{"reason", reason}});
  }
}

// Until TERM or INT.
void Serve(hoop::Gateway& gateway, const sigset_t& signals, TlsEnvironment& environment, hoop::LogSink& log) {
  constexpr timespec kPause = {.tv_sec = 5, .tv_nsec = 0};
  FreeMemory memory;
  for (;;) {
    const int signal = ::sigtimedwait(&signals, nullptr, &kPause);
    if (signal == SIGINT || signal == SIGTERM) return;
    if (signal < 0) memory.GiveBack();
    if (signal == SIGHUP || environment.FilesChanged()) ReplaceTls(gateway, environment, log);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--version") {
    fmt::print("hoop-gateway {}\n", HOOP_VERSION);
    return 0;
  }
  if (argc > 1) {
    fmt::print(
        stderr,
        "usage: hoop-gateway [--version]. Environment: HOOP_DATA_DIR, POSTGRES_DB_URI, HOOP_HTTP_LISTEN "
        "(0.0.0.0:8009), "
        "HOOP_GRPC_LISTEN "
        "(0.0.0.0:8010), API_URL, GRPC_URL, TLS_KEY, TLS_CERT, TLS_CA, TLS_CLIENT_AUTH, GATEWAY_ALLOW_PLAINTEXT, "
        "PLUGIN_AUDIT_PATH, LOG_LEVEL, LOG_ENCODING\n");
    return 1;
  }
  sigset_t signals;  // blocked before any thread is made: only sigwait below sees them
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  PrepareProcess();
  hoop::GatewayOptions options;
  options.data_dir = Environment("HOOP_DATA_DIR", DefaultDataDir());
  options.postgres_db_uri = Environment("POSTGRES_DB_URI");
  options.journal_dir = Environment("PLUGIN_AUDIT_PATH", DefaultJournalDir());
  options.http_listen = Environment("HOOP_HTTP_LISTEN", "0.0.0.0:" + Environment("PORT", "8009"));
  options.grpc_listen = Environment("HOOP_GRPC_LISTEN", "0.0.0.0:8010");
  options.api_url = Environment("API_URL");
  options.grpc_url = Environment("GRPC_URL");
  options.version = HOOP_VERSION;
  TlsEnvironment tls_environment;
  auto tls = tls_environment.Read();
  if (!tls.ok()) return Fail(tls.status());
  options.tls = *std::move(tls);
  const auto allow_plaintext = ReadAllowPlaintext();
  if (!allow_plaintext.ok()) return Fail(allow_plaintext.status());
  options.allow_plaintext = *allow_plaintext;
  hoop::LogSink& log =
      hoop::StderrLog(LevelOf(Environment("LOG_LEVEL", "info")), Environment("LOG_ENCODING", "json") == "json");
  options.log = &log;
  auto gateway = hoop::Gateway::Create(std::move(options));
  if (!gateway.ok()) return Fail(gateway.status());
  if (const absl::Status started = (*gateway)->Start(); !started.ok()) return Fail(started);
  if (const std::string token = (*gateway)->setup_token(); !token.empty()) {
    fmt::print(stderr,
               "no account yet. Make the first one, an administrator, with this set-up token (also in "
               "<data>/setup-token):\n"
               "  curl -d '{{\"email\": \"you@example.com\", \"password\": <your password>, \"setup_token\": \"{}\"}}' "
               "{}/api/localauth/register\n",
               token, (*gateway)->api_url());
  }
  Serve(**gateway, signals, tls_environment, log);
  (*gateway)->Shutdown(absl::Seconds(10));
  return 0;
}

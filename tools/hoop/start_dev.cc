#include "start_dev.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "child_process.h"
#include "connections_file.h"
#include "demo_targets.h"
#include "group_notices.h"
#include "hoop/agent.h"
#include "hoop/api_client.h"
#include "hoop/client.h"
#include "hoop/gateway.h"
#include "hoop/log.h"
#include "own_file.h"
#include "program.h"
#include "table.h"
#include "tools/service/agent_settings.h"
#include "tools/service/option_names.h"

namespace hoop::cli {
namespace {

constexpr char kAdmin[] = "admin@hoop.local";
constexpr char kAgent[] = "dev";
const OptionNames kOptionNames = {
    {"data_dir", "--data"}, {"journal_dir", "--data"}, {"http_listen", "--http"}, {"grpc_listen", "--grpc"}};
constexpr char kBesideAnother[] =
    "; beside another one: `hoop start dev --data DIR --http 127.0.0.1:0 --grpc 127.0.0.1:0`";
constexpr auto kConnectPatience = std::chrono::seconds(20);

std::string DefaultDataDir() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') {
    return std::string(state) + "/hoop/dev";
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "/tmp" : home) + "/.local/state/hoop/dev";
}

LogLevel ParseLevel(const std::string& text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "error") return LogLevel::kError;
  return LogLevel::kWarning;
}

// The account's password stays the same over restarts.
absl::StatusOr<std::string> EnsurePassword(const std::string& path) {
  std::ifstream existing(path);
  std::string password;
  if (existing >> password && !password.empty()) return password;
  std::ifstream random("/dev/urandom", std::ios::binary);
  unsigned char bytes[12];
  if (!random.read(reinterpret_cast<char*>(bytes), sizeof bytes)) return absl::UnavailableError("/dev/urandom");
  for (unsigned char byte : bytes) password += fmt::format("{:02x}", byte);
  if (absl::Status written = WriteOwnFile(path, password + "\n"); !written.ok()) return written;
  return password;
}

absl::Status At(const std::string& place, const absl::Status& wrong) {
  return absl::Status(wrong.code(), fmt::format("{}: {}", place, Text(wrong)));
}

absl::Status NoAgent(const DeclaredConnection& declared) {
  return absl::InvalidArgumentError(
      fmt::format("{}: agent {} is not there: `hoop start dev` brings one along, {}, which serves what names none",
                  declared.agent_place, Harmless(declared.config.agent), kAgent));
}

// What runs already, here or elsewhere on this machine.
bool IsTaken(const absl::Status& status) {
  const std::string text = Text(status);
  return text.find("another gateway runs in it") != std::string::npos ||
         text.find("Address already in use") != std::string::npos;
}

// One development set-up; members in the order of construction.
class DevSession {
 public:
  explicit DevSession(StartDevOptions options)
      : options_(std::move(options)), log_(StderrLog(ParseLevel(options_.log_level), LogEncoding::kConsole)) {}

  absl::Status Start();
  absl::Status WriteReadyFile();
  void PrintWelcome();
  int ShowTour();
  void Stop();

 private:
  absl::Status ReadDeclared();
  GatewayOptions OptionsOfGateway() const;
  absl::Status StartGateway();
  absl::Status SignIn();
  absl::Status Declare();
  absl::Status StartAgent();
  std::string SignInLine() const;

  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  StartDevOptions options_;
  LogSink& log_;
  std::string password_, config_file_;
  ClientConfig config_;
  std::vector<DeclaredConnection> declared_;
  std::vector<std::string> connections_;
  std::unique_ptr<DemoTargets> targets_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Agent> agent_;
};

absl::Status DevSession::Start() {
  if (options_.data_dir.empty()) options_.data_dir = DefaultDataDir();
  // Before anything is made: a file that is refused leaves nothing behind.
  if (!options_.connections_file.empty()) {
    if (absl::Status status = ReadDeclared(); !status.ok()) return status;
  }
  // Nor do ports that are taken.
  if (absl::Status free = Gateway::TryPorts(OptionsOfGateway()); !free.ok()) return free;
  std::error_code error;
  std::filesystem::create_directories(options_.data_dir, error);
  if (error) return absl::UnavailableError(fmt::format("data_dir: {}: {}", options_.data_dir, error.message()));
  options_.data_dir = std::filesystem::absolute(options_.data_dir).string();
  ::chmod(options_.data_dir.c_str(), 0700);
  config_file_ = options_.data_dir + "/config.toml";
  if (absl::Status status = StartGateway(); !status.ok()) return status;
  return StartAgent();
}

absl::Status DevSession::ReadDeclared() {
  auto declared = LoadConnectionsFile(options_.connections_file, kAgent);
  if (!declared.ok()) return declared.status();
  declared_ = *std::move(declared);
  const bool is_new = !std::filesystem::exists(options_.data_dir);  // no agent but our own
  for (const DeclaredConnection& declared_one : declared_) {
    if (is_new && declared_one.config.agent != kAgent) return NoAgent(declared_one);
    const absl::Status checked = Gateway::CheckConnection(declared_one.config);
    if (!checked.ok()) return At(declared_one.place, checked);
  }
  return absl::OkStatus();
}

GatewayOptions DevSession::OptionsOfGateway() const {
  GatewayOptions gateway;
  gateway.data_dir = options_.data_dir;
  gateway.http_listen = options_.http_listen;
  gateway.grpc_listen = options_.grpc_listen;
  gateway.version = options_.version;
  gateway.exec_wait = absl::Seconds(options_.exec_wait_seconds);
  gateway.log = &log_;
  return gateway;
}

absl::Status DevSession::StartGateway() {
  auto created = Gateway::Create(OptionsOfGateway());
  if (!created.ok()) return created.status();
  gateway_ = *std::move(created);
  // Behind the gateway's lock on the folder: a second start must not touch what the first one's targets use.
  if (options_.connections_file.empty()) {
    auto targets = DemoTargets::Start(options_.data_dir);
    if (!targets.ok()) return targets.status();
    targets_ = *std::move(targets);
    options_.connections_file = targets_->connections_file();
    if (absl::Status status = ReadDeclared(); !status.ok()) return status;
  }
  if (absl::Status status = gateway_->Start(); !status.ok()) return status;
  if (absl::Status status = SignIn(); !status.ok()) return status;
  return Declare();
}

absl::Status DevSession::SignIn() {
  auto password = EnsurePassword(options_.data_dir + "/admin-password");
  if (!password.ok()) return password.status();
  password_ = *password;
  if (absl::Status status = gateway_->EnsureAdmin(kAdmin, password_); !status.ok()) return status;
  auto token = gateway_->IssueToken(kAdmin, absl::Hours(24 * 30));
  if (!token.ok()) return token.status();
  config_.token = *token;
  config_.api_url = gateway_->api_url();
  config_.grpc_url = gateway_->grpc_url();
  config_.audit_key = gateway_->audit_public_key();
  return config_.Save(config_file_);
}

absl::Status DevSession::Declare() {
  const auto api = ApiClient::Create(config_, options_.version);
  if (!api.ok()) return api.status();
  const auto agents = (*api)->Agents();
  if (!agents.ok()) return agents.status();
  std::set<std::string> served = {kAgent};
  for (const AgentInfo& agent : *agents) served.insert(agent.name);
  std::vector<std::string> groups;
  for (const DeclaredConnection& declared : declared_) {
    ConnectionConfig config = declared.config;
    if (!served.contains(config.agent)) return NoAgent(declared);
    config.overwrite = true;  // the file is the truth at each start
    const absl::Status applied = gateway_->ApplyConnection(config);
    if (!applied.ok()) return At(declared.place, applied);
    connections_.push_back(config.name);
    if (config.groups) groups.insert(groups.end(), config.groups->begin(), config.groups->end());
  }
  SayGroupsOfNobody(**api, groups);
  return absl::OkStatus();
}

absl::Status DevSession::StartAgent() {
  auto key = gateway_->IssueAgentKey(kAgent);
  if (!key.ok()) return key.status();
  AgentOptions agent;
  agent.key = *key;
  agent.version = options_.version;
  agent.warden_command = {"/proc/self/exe", "warden"};
  agent.runtime_dir = options_.data_dir + "/run";
  std::error_code error;
  std::filesystem::create_directories(agent.runtime_dir, error);
  if (error) return absl::UnavailableError(fmt::format("{}: {}", agent.runtime_dir, error.message()));
  agent.environment = VariablesOfSessions(OwnEnvironment());
  agent.log = &log_;
  auto created = Agent::Create(std::move(agent));
  if (!created.ok()) return created.status();
  agent_ = *std::move(created);
  if (absl::Status status = agent_->Start(); !status.ok()) return status;
  const auto deadline = std::chrono::steady_clock::now() + kConnectPatience;
  while (!agent_->connected()) {
    if (std::chrono::steady_clock::now() > deadline) return absl::UnavailableError("the agent does not connect");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return absl::OkStatus();
}

absl::Status DevSession::WriteReadyFile() {
  if (options_.ready_file.empty()) return absl::OkStatus();
  const nlohmann::json ready = {{"api_url", gateway_->api_url()},
                                {"grpc_url", gateway_->grpc_url()},
                                {"user", kAdmin},
                                {"password", password_},
                                {"token", config_.token},
                                {"config_file", config_file_},
                                {"pid", ::getpid()},
                                {"connections", connections_}};
  const std::string text = ready.dump() + "\n";
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::status(options_.ready_file, error);
  if (!std::filesystem::exists(there) || std::filesystem::is_regular_file(there)) {
    return WriteOwnFile(options_.ready_file, text);
  }
  std::ofstream fifo(options_.ready_file);
  fifo << text;
  fifo.close();
  if (!fifo) return absl::UnavailableError(fmt::format("{}: cannot be written", options_.ready_file));
  return absl::OkStatus();
}

std::string DevSession::SignInLine() const {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  return fmt::format(
      "In another terminal, this line puts `hoop` on the path, signed in:\n\n  export PATH={}:$PATH HOOP_CONFIG={}\n",
      self.parent_path().string(), config_file_);
}

void DevSession::PrintWelcome() {
  if (targets_ != nullptr) {
    for (const std::string& note : targets_->notes()) fmt::print("note: {}\n", note);
  }
  fmt::print("start: {:.1f} s\n\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count());
  fmt::print("API          {}\ngRPC         {}\naccount      {}  password {}\nconnections  {}\ndata         {}\n\n",
             gateway_->api_url(), gateway_->grpc_url(), kAdmin, password_, fmt::join(connections_, ", "),
             options_.data_dir);
  if (!options_.tour) fmt::print("{}\nCtrl-C ends everything.\n", SignInLine());
  std::fflush(stdout);
}

int DevSession::ShowTour() {
  const ChildOptions child{.env = {"HOOP_CONFIG=" + config_file_}, .ends_with_parent = true};
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  fmt::print("$ hoop exec bash -i 'uname -a'\n");
  std::fflush(stdout);
  auto code = RunChild({self, "exec", "bash", "-s", "-i", "uname -a"}, child);
  if (!code.ok() || *code != 0) return 1;
  fmt::print("\n$ hoop sessions list --limit 1\n");
  std::fflush(stdout);
  code = RunChild({self, "sessions", "list", "--limit", "1"}, child);
  if (!code.ok() || *code != 0) return 1;
  fmt::print("\n$ hoop sessions get last\n");
  std::fflush(stdout);
  code = RunChild({self, "sessions", "get", "last"}, child);
  if (!code.ok() || *code != 0) return 1;
  fmt::print(
      "\n{}\nand then, for example:\n\n"
      "  hoop exec bash -i 'id; ls /'\n  hoop connect bash\n  hoop connect pg-demo\n  hoop sessions list\n  hoop audit "
      "verify last\n\n"
      "Ctrl-C ends everything; a second start keeps the data.\n",
      SignInLine());
  std::fflush(stdout);
  return 0;
}

void DevSession::Stop() {
  if (agent_ != nullptr && gateway_ != nullptr) {
    agent_->Retire();
    gateway_->Shutdown(absl::Seconds(5));
  }
  if (agent_ != nullptr) agent_->Stop(absl::Seconds(5));
  agent_.reset();
  gateway_.reset();
  targets_.reset();
}

}  // namespace

int RunStartDev(StartDevOptions options) {
  // Blocked before any thread is made: only sigwait below sees them.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const bool tour = options.tour;
  DevSession session(std::move(options));
  absl::Status started = session.Start();
  if (started.ok()) started = session.WriteReadyFile();
  if (!started.ok()) {
    fmt::print(stderr, "hoop: start dev: {}{}\n", Text(WithNames(started, kOptionNames)),
               IsTaken(started) ? kBesideAnother : "");
    session.Stop();
    return 1;
  }
  session.PrintWelcome();
  if (tour && session.ShowTour() != 0) {
    fmt::print(stderr, "hoop: start dev: the tour failed\n");
    session.Stop();
    return 1;
  }
  int signal = 0;
  ::sigwait(&signals, &signal);
  fmt::print("\nstopping ...\n");
  std::fflush(stdout);
  session.Stop();
  return 0;
}

}  // namespace hoop::cli

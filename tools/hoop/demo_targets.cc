#include "demo_targets.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "child_process.h"
#include "own_file.h"

namespace hoop::cli {
namespace {

constexpr char kPostgresUser[] = "demo";
constexpr int kStartSeconds = 20;
constexpr char kSocketFolderPrefix[] = "/tmp/hoop-pg-";

constexpr char kSampleData[] = R"sql(
create table customers (id integer primary key, name text not null, city text not null);
insert into customers values (1, 'Ada', 'London'), (2, 'Grace', 'New York'), (3, 'Edsger', 'Rotterdam');
create table orders (id integer primary key, customer_id integer references customers, total numeric(10,2), placed date);
insert into orders select n, 1 + n % 3, (n * 7919 % 50000) / 100.0, date '2026-01-01' + n % 300 from generate_series(1, 1000) n;
)sql";

std::vector<std::string> PostgresFolders() {
  std::vector<std::string> folders;
  for (int version = 20; version >= 12; --version)
    folders.push_back(fmt::format("/usr/lib/postgresql/{}/bin", version));
  return folders;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Postgres refuses to run as root: then it runs as its own user, in a folder that this user reaches.
std::string PostgresSystemUser() { return ::geteuid() == 0 ? "postgres" : ""; }

std::string PostgresFolder(const std::string& data_dir) {
  if (::geteuid() != 0) return data_dir + "/postgres";
  return fmt::format("/var/tmp/hoop-demo-postgres-{:016x}", std::hash<std::string>()(data_dir));
}

// A Postgres of an earlier life that was killed hard may still hold the folder.
void EndEarlierPostgres(const std::string& folder) {
  const int pid = std::atoi(ReadFile(folder + "/postmaster.pid").c_str());
  if (pid <= 1 || ::kill(pid, 0) != 0) return;
  const std::string command = ReadFile(fmt::format("/proc/{}/cmdline", pid));
  if (command.find(folder) == std::string::npos) return;  // the number belongs to somebody else now
  ::kill(pid, SIGINT);
  for (int i = 0; i < 100 && ::kill(pid, 0) == 0; ++i) ::usleep(50'000);
}

// A fresh folder for the socket; `note` names it for the next start, which removes it if we cannot.
absl::StatusOr<std::string> MakeSocketFolder(const std::string& note) {
  std::error_code ignored;
  const std::string earlier = ReadFile(note);
  if (earlier.starts_with(kSocketFolderPrefix)) std::filesystem::remove_all(earlier, ignored);
  // Short: the path of a Unix socket has to stay below 108 bytes.
  std::string folder = std::string(kSocketFolderPrefix) + "XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return absl::ErrnoToStatus(errno, "socket folder");
  if (absl::Status written = WriteOwnFile(note, folder); !written.ok()) return written;
  return folder;
}

std::string RandomHex(size_t bytes) {
  std::ifstream random("/dev/urandom", std::ios::binary);
  std::string text;
  while (text.size() < 2 * bytes && random) text += fmt::format("{:02x}", random.get() & 0xff);
  return text;
}

std::string OwnFolder() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size <= 0 ? "." : std::filesystem::path(std::string(path, static_cast<size_t>(size))).parent_path().string();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DemoTargets>> DemoTargets::Start(const std::string& data_dir) {
  std::unique_ptr<DemoTargets> targets(new DemoTargets);
  if (absl::Status status = targets->StartPostgres(data_dir); !status.ok()) {
    targets->notes_.push_back(fmt::format("pg-demo is left out: {}", status.ToString()));
    EndChild(targets->postgres_, SIGINT);
  }
  if (absl::Status status = targets->StartTcpDemo(data_dir); !status.ok()) {
    targets->notes_.push_back(fmt::format("tcp-demo is left out: {}", status.ToString()));
    EndChild(targets->tcp_demo_, SIGTERM);
  }
  if (absl::Status status = targets->WriteConnections(data_dir); !status.ok()) return status;
  return targets;
}

DemoTargets::~DemoTargets() {
  EndChild(tcp_demo_, SIGTERM);
  EndChild(postgres_, SIGINT);  // fast shutdown
  std::error_code ignored;
  if (!socket_dir_.empty()) std::filesystem::remove_all(socket_dir_, ignored);
}

absl::Status DemoTargets::StartPostgres(const std::string& data_dir) {
  const std::string initdb = FindProgram("initdb", PostgresFolders());
  if (initdb.empty()) return absl::NotFoundError("no PostgreSQL server is installed");
  const std::string bin = std::filesystem::path(initdb).parent_path().string();
  const std::string user = PostgresSystemUser();
  const std::string folder = PostgresFolder(data_dir);
  const std::string log = data_dir + "/postgres.log";
  const std::string password_file = data_dir + "/postgres-password";
  EndEarlierPostgres(folder);

  auto socket_dir = MakeSocketFolder(data_dir + "/postgres-socket");
  if (!socket_dir.ok()) return socket_dir.status();
  socket_dir_ = *socket_dir;
  if (absl::Status given = GiveFolder(socket_dir_, user); !given.ok()) return given;

  const bool fresh = ::access((folder + "/PG_VERSION").c_str(), F_OK) != 0;
  if (fresh) {
    password_ = RandomHex(16);
    if (absl::Status written = WriteOwnFile(password_file, password_); !written.ok()) return written;
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    if (::mkdir(folder.c_str(), 0700) != 0) return absl::ErrnoToStatus(errno, folder);
    if (absl::Status given = GiveFolder(folder, user); !given.ok()) return given;
    const std::string init_password = socket_dir_ + "/password";  // where Postgres' user can read it
    if (absl::Status written = WriteOwnFile(init_password, password_); !written.ok()) return written;
    if (absl::Status given = GiveFolder(init_password, user); !given.ok()) return given;
    auto code = RunChild({initdb, "-D", folder, "-U", kPostgresUser, "-A", "scram-sha-256", "--pwfile", init_password,
                          "-E", "UTF8", "--locale", "C.UTF-8"},
                         {.user = user, .output_file = log});
    ::unlink(init_password.c_str());
    if (!code.ok()) return code.status();
    if (*code != 0) return absl::UnavailableError(fmt::format("initdb failed, see {}", log));
  } else {
    password_ = ReadFile(password_file);
  }

  auto pid = StartChild({bin + "/postgres", "-D", folder, "-k", socket_dir_, "-c", "listen_addresses=", "-c",
                         "max_connections=200", "-c", "logging_collector=off"},
                        {.user = user, .output_file = log});
  if (!pid.ok()) return pid.status();
  postgres_ = *pid;
  const std::string ready = FindProgram("pg_isready", {bin});
  for (int i = 0;; ++i) {
    auto code = RunChild({ready, "-q", "-h", socket_dir_}, {.output_file = "/dev/null"});
    if (code.ok() && *code == 0) break;
    if (i > kStartSeconds * 20) return absl::UnavailableError(fmt::format("Postgres does not come up, see {}", log));
    ::usleep(50'000);
  }
  if (!fresh) return absl::OkStatus();
  auto code = RunChild({FindProgram("psql", {bin}), "-h", socket_dir_, "-U", kPostgresUser, "-d", "postgres", "-q",
                        "-v", "ON_ERROR_STOP=1", "-c", kSampleData},
                       {.output_file = log, .env = {"PGPASSWORD=" + password_}});
  if (!code.ok()) return code.status();
  return *code == 0 ? absl::OkStatus() : absl::UnavailableError(fmt::format("sample data failed, see {}", log));
}

absl::Status DemoTargets::StartTcpDemo(const std::string& data_dir) {
  const std::string program = FindProgram("tcp-demo", {OwnFolder()});
  if (program.empty()) return absl::NotFoundError("the program tcp-demo is not there");
  const std::string port_file = data_dir + "/tcp-demo.port";
  ::unlink(port_file.c_str());
  auto pid = StartChild({program, "--listen", "127.0.0.1:0", "--port-file", port_file},
                        {.output_file = data_dir + "/tcp-demo.log"});
  if (!pid.ok()) return pid.status();
  tcp_demo_ = *pid;
  for (int i = 0; tcp_port_.empty(); ++i) {
    tcp_port_ = ReadFile(port_file);
    while (!tcp_port_.empty() && tcp_port_.back() == '\n') tcp_port_.pop_back();
    if (i > kStartSeconds * 50) return absl::UnavailableError("tcp-demo does not come up");
    if (tcp_port_.empty()) ::usleep(20'000);
  }
  return absl::OkStatus();
}

absl::Status DemoTargets::WriteConnections(const std::string& data_dir) {
  std::string text =
      "# The demo's connections; rewritten at each start.\n"
      "agent: dev\n"
      "overwrite: true\n"
      "connections:\n"
      "  - name: bash\n"
      "    type: command-line\n"
      "    command: [bash]\n";
  if (postgres_ > 0) {
    text += fmt::format(
        "  - name: pg-demo\n"
        "    type: database/postgres\n"
        "    env: {{HOST: \"{}\", PORT: \"5432\", USER: {}, PASS: \"{}\", DB: postgres}}\n"
        "    command: [psql, -v, ON_ERROR_STOP=1, -A, -h, $HOST, -p, $PORT, -U, $USER, $DB]\n",
        socket_dir_, kPostgresUser, password_);
  }
  if (tcp_demo_ > 0) {
    text += fmt::format(
        "  - name: tcp-demo\n"
        "    type: application/tcp\n"
        "    env: {{HOST: 127.0.0.1, PORT: \"{}\"}}\n",
        tcp_port_);
  }
  connections_file_ = data_dir + "/demo-connections.yaml";
  return WriteOwnFile(connections_file_, text);
}

}  // namespace hoop::cli

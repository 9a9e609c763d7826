// What every command of `hoop` shares: the environment it was started in, and how errors and exit codes look.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/client.h"

namespace hoop::cli {

// Exit codes beyond a command's own; docs/command_line.md.
inline constexpr int kExitError = 1;         // ours: usage, refusals, no gateway
inline constexpr int kExitBrokenPipe = 141;  // nobody reads our output: as a shell shows SIGPIPE

// Read once by main().
struct Environment {
  std::string config_path;  // HOOP_CONFIG, else ~/.hoop/config.toml
  // The three together replace the file.
  std::string api_url;      // HOOP_APIURL
  std::string grpc_url;     // HOOP_GRPCURL
  std::string token;        // HOOP_TOKEN
  std::string grpc_client;  // HOOP_GRPC_CLIENT
  // TLS_CA, else HOOP_TLSCA, else the file that SSL_CERT_FILE names; with the name of what it came from.
  std::string tls_ca_variable, tls_ca;
  std::string tls_server_name;                  // TLS_SERVER_NAME, else HOOP_TLSSERVERNAME
  std::string tls_client_cert, tls_client_key;  // TLS_CLIENT_CERT, TLS_CLIENT_KEY
  std::string agent_key;                        // HOOP_KEY, else HOOP_DSN: for `hoop run`
  std::string database_uri;                     // HOOP_DB_URI: likewise
  bool skip_tls_verify = false;                 // HOOP_TLS_SKIP_VERIFY=true, or the option --skip-tls-verify
  std::string version;

  bool replaces_file() const { return !api_url.empty() && !grpc_url.empty() && !token.empty(); }
};
Environment ReadEnvironment();

// The configuration that commands work with. FailedPrecondition: there is none.
absl::StatusOr<ClientConfig> LoadConfig(const Environment& environment);
// The file alone, an empty one when it is missing: for login and config.
absl::StatusOr<ClientConfig> LoadConfigFile(const Environment& environment);
// With what the environment says of TLS, which is for this run and not for the file.
absl::StatusOr<ClientConfig> WithTls(ClientConfig config, const Environment& environment);

std::string Text(const absl::Status& status);

// "hoop: <text>" on stderr, with a hint where one helps. Returns kExitError.
int Fail(const absl::Status& status);
int Fail(std::string_view text);

// To stdout, flushed. False: nobody reads it.
bool Print(std::string_view text);

}  // namespace hoop::cli

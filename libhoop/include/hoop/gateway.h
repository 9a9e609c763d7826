// The gateway as a class: what tools/hoop-gateway, `hoop start dev` and a host program assemble.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "hoop/idp_verifier.h"
#include "hoop/log.h"
#include "hoop/router.h"
#include "hoop/tls.h"

namespace hoop {

// Everything a gateway is told. The library reads no environment: the main()s fill this in.
struct GatewayOptions {
  std::string data_dir;         // made with mode 0700 when missing; store, keys, set-up token
  std::string postgres_db_uri;  // as the variable POSTGRES_DB_URI; default: SQLite in <data_dir>/hoop.db
  std::string secrets_key;  // as the variable HOOP_SECRETS_KEY (docs/store.md); default: <data_dir>/secrets.key, made
                            // when it is missing
  std::string journal_dir;  // default: <data_dir>/journal
  std::string http_listen = "0.0.0.0:8009";  // port 0: any free one
  std::string grpc_listen = "0.0.0.0:8010";
  std::string api_url;   // default: http://127.0.0.1:<http port>, https:// with TLS; a base path is honoured
  std::string grpc_url;  // default: grpc://<host of api_url>:<grpc port>, grpcs:// with TLS
  // Both listeners speak TLS. Plain HTTP is served to this machine only then, or to everybody; plain gRPC to nobody.
  std::optional<GatewayTls> tls;
  bool allow_plaintext = false;
  uint64_t journal_bytes_max = 4ull << 30;
  size_t journal_segment_bytes = 64u << 20;
  absl::Duration exec_wait = absl::Seconds(50);  // REST says then that a command still runs
  // How long after its end a session stays, with its record.
  absl::Duration session_retention = absl::InfiniteDuration();
  std::string admin_group = "admin";  // whose members are administrators
  bool log_requests = false;          // a line for each HTTP request
  int log_calls = 0;                  // 1: a line for each gRPC call; 2: with the names of its headers
  std::string version = "unknown";

  // Parts that a host may bring; null means ours. They outlive the Gateway.
  Clock* clock = nullptr;
  LogSink* log = nullptr;
  IdpVerifier* idp_verifier = nullptr;
  AuditStore* audit_store = nullptr;
};

// A connection as an operator declares it (cli.md 3.7 `--from-file`, REST). Values of `secrets` are plain here.
struct ConnectionConfig {
  std::string name;
  std::string type = "custom";  // database, application, custom, command-line
  std::string subtype;          // postgres, tcp ...
  std::string agent;            // name of the agent that serves it
  std::vector<std::string> command;
  std::map<std::string, std::string> secrets;  // "envvar:HOST" or "filesystem:KEY" -> value
  std::map<std::string, std::string> tags;
  std::vector<std::string> access_modes = {"connect", "exec", "runbooks"};
  std::optional<std::vector<std::string>> groups;  // who may use it; empty: everybody; absent: as it is stored
  RecordPolicy record = RecordPolicy::kDurable;
  bool overwrite = false;
};

// Owned by the program. Create opens store, journal and keys and recovers what an earlier life left; Start listens;
// Shutdown tells peers, ends sessions, seals records. Any thread; not from inside call-backs. Two in one process work.
class Gateway final {
 public:
  // What can be said of options without touching a disk or a port. InvalidArgument: one is wrong (the text names it).
  static absl::Status Check(const GatewayOptions& options);

  // The same of a connection, as ApplyConnection would say it.
  static absl::Status CheckConnection(const ConnectionConfig& config);

  // What a start would find, changing nothing: checks `options`, tries both folders and the database. A line for each;
  // errors as of Create. Works beside a gateway that runs there.
  static absl::StatusOr<std::vector<std::string>> Try(const GatewayOptions& options);

  // Whether both ports are free, before anything is made. FailedPrecondition: one is taken (the text names it), or
  // both.
  static absl::Status TryPorts(const GatewayOptions& options);

  // InvalidArgument: an option is wrong (the text names it). FailedPrecondition: the data folder belongs to a running
  // gateway or to a newer version. Unavailable: the store cannot be opened.
  static absl::StatusOr<std::unique_ptr<Gateway>> Create(GatewayOptions options);
  ~Gateway();

  // Encrypts the secrets in the store with another key, all or nothing, and says in one line what was done. Of
  // `options` what names data and key counts. `new_key` as `secrets_key`; "": a new one is made in the data folder. May
  // be run again when it was cut off. Gateways that run then have to be started again.
  static absl::StatusOr<std::string> ReencryptSecrets(const GatewayOptions& options, const std::string& new_key);

  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Opens both doors. FailedPrecondition: an address is in use.
  absl::Status Start();

  // Another certificate for connections that come from now on; those that stand stay. InvalidArgument: something is
  // wrong with it, or `client_auth` is another one: all stays as it was. FailedPrecondition: this gateway does not
  // speak TLS.
  absl::Status ReplaceTls(const GatewayTls& tls);

  // Both loops turn: each answers within `patience`. Waits for that.
  bool Responds(absl::Duration patience);

  // Ends everything within `deadline`; sessions get the reason "gateway shutdown". Idempotent.
  void Shutdown(absl::Duration deadline);

  // Valid after Start.
  std::string http_address() const;  // "127.0.0.1:8009"
  std::string grpc_address() const;
  std::string api_url() const;
  std::string grpc_url() const;

  // Which agents are connected. Lives as long as this Gateway.
  const Router& router() const;
  // The record: reading and verifying from worker threads of the host.
  AuditStore& audit_store() const;

  // --- Administration for the program that holds the gateway; REST does the same for everybody else. May block. ---

  // What `POST /api/localauth/register` asks for, also in <data_dir>/setup-token. FailedPrecondition: there is an
  // account already.
  absl::StatusOr<std::string> SetupToken() const;
  // Makes the account (or gives it this password) with admin rights.
  absl::Status EnsureAdmin(std::string_view email, std::string_view password);
  // A bearer token for an existing account. NotFound: no such user.
  absl::StatusOr<std::string> IssueToken(std::string_view email, absl::Duration valid);
  // Whose token it is now, as sessions and REST are told. Errors as of IdpVerifier::Verify.
  absl::StatusOr<Identity> VerifyToken(std::string_view token) const;
  // Makes the agent when it is missing and gives it a fresh key: the DSN for AgentOptions::key.
  absl::StatusOr<std::string> IssueAgentKey(std::string_view agent_name);
  // AlreadyExists: it is there and `overwrite` is not set. InvalidArgument: a field is wrong.
  absl::Status ApplyConnection(const ConnectionConfig& config);
  absl::StatusOr<std::vector<std::string>> ConnectionNames() const;
  // The public half of the key that seals records, base64: what `hoop audit verify` checks with.
  std::string audit_public_key() const;

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace hoop

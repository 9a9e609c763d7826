// The gateway's REST API as the command line uses it: sign in, list, look at sessions, kill, and the audit record,
// which is verified here and not believed. Shapes: docs/rest.md. Not part of the ABI's promise yet.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/audit_store.h"
#include "hoop/client.h"

namespace hoop {

struct SessionInfo {
  std::string id;
  std::string user;  // e-mail
  std::string user_name;
  std::string connection;
  std::string type;
  std::string subtype;
  std::string verb;
  std::string status;  // open, ready, done
  std::optional<absl::Time> started_at;
  std::optional<absl::Time> ended_at;
  std::optional<int> exit_code;
  uint64_t event_bytes = 0;
  std::string end_reason;
  std::string record;          // durable, buffered; empty from other gateways
  std::optional<bool> sealed;  // nullopt from other gateways
  std::string script;          // what an exec was given; Session() only
  std::string json;            // as the gateway said it; Session() only
};

struct SessionQuery {
  int limit = 20;
  int offset = 0;
  std::string user;  // patterns with %
  std::string connection;
  std::string type;
};

struct SessionList {
  std::vector<SessionInfo> sessions;  // newest first
  std::optional<int64_t> total;
  bool total_is_capped = false;
  bool has_next_page = false;
  std::string json;
};

struct StatementInfo {
  uint64_t number = 0;
  std::string connection_id;
  std::string outcome;  // done, failed, suspended, unfinished
  std::string sql;
  bool sql_truncated = false;
  std::string parameter_types;  // "int4, text"
  std::optional<absl::Time> started_at;
  absl::Duration duration;
  std::string command_tag;
  std::optional<uint64_t> rows;
  uint64_t copy_bytes = 0;
  std::string error;  // "42P01 relation ..."
};

struct StatementPage {
  std::vector<StatementInfo> statements;
  std::vector<std::string> problems;
  std::string next_cursor;  // empty: the last page
  std::string json;
};

struct ConnectionInfo {
  std::string id;
  std::string name;
  std::string type;
  std::string subtype;
  std::string agent_id;
  std::string status;  // online, offline
  std::vector<std::string> command;
};

struct AgentInfo {
  std::string id;
  std::string name;
  std::string mode;
  std::string version;
  std::string hostname;
  std::string platform;
  std::string status;  // CONNECTED, DISCONNECTED
};

struct NewConnection {
  std::string name;
  std::string type = "custom";
  std::string subtype;
  std::string agent_id;
  std::vector<std::string> command;
  std::map<std::string, std::string> secrets;  // "envvar:HOST" -> plain value
  std::string record;                          // durable, buffered; empty: the gateway's default
  bool overwrite = false;
};

// Owned by the program; every call blocks; one thread at a time. Statuses: Unauthenticated and PermissionDenied as the
// gateway says, NotFound, AlreadyExists, InvalidArgument (it did not take what it was sent), Unavailable: it cannot be
// reached, Internal: its answer was not understood.
class ApiClient final {
 public:
  // The token may be missing: for Login.
  static absl::StatusOr<std::unique_ptr<ApiClient>> Create(const ClientConfig& config, const std::string& version);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  absl::StatusOr<std::string> AuthMethod();  // local, oidc, saml
  // The token, which later calls use.
  absl::StatusOr<std::string> Login(std::string_view email, std::string_view password);
  absl::StatusOr<std::string> GrpcUrl();
  absl::StatusOr<std::string> AuditKey();  // raw Ed25519 bytes, base64
  // The answer as it came: `path` below /api, "/serverinfo".
  absl::StatusOr<std::string> GetJson(std::string_view path);

  absl::StatusOr<std::vector<ConnectionInfo>> Connections();
  absl::Status CreateConnection(const NewConnection& connection);
  absl::StatusOr<std::vector<AgentInfo>> Agents();
  // The key that the agent starts with: shown once, here.
  absl::StatusOr<std::string> CreateAgent(std::string_view name, std::string_view mode);

  absl::StatusOr<SessionList> Sessions(const SessionQuery& query);
  absl::StatusOr<SessionInfo> Session(std::string_view id);
  absl::Status KillSession(std::string_view id);
  absl::StatusOr<StatementPage> Statements(std::string_view id, std::string_view cursor);

  // The record as it was written, in order, until `visit` answers false.
  absl::Status ReadRecord(std::string_view id, absl::FunctionRef<bool(const RecordEntry&)> visit);
  // Fetches the record and recomputes checksums, chain and signature with `public_key` (base64). InvalidArgument: that
  // is no key.
  absl::StatusOr<VerifyReport> VerifyRecord(std::string_view id, std::string_view public_key);

 private:
  struct Parts;
  explicit ApiClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The name of an audit key, as seals and the gateway say it. InvalidArgument: not the base64 of an Ed25519 key.
absl::StatusOr<std::string> AuditKeyName(std::string_view public_key);

}  // namespace hoop

// The gateway's REST API as the command line uses it: sign in, list, look at sessions, kill, and the audit record,
// which is verified here and not believed. Shapes: docs/rest.md. Not part of the ABI's promise yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/api_objects.h"
#include "hoop/audit_store.h"
#include "hoop/client.h"

namespace hoop {

class ApiCalls;  // private to client/

// Owned by the program; every call blocks; one thread at a time. Statuses: Unauthenticated and PermissionDenied as the
// gateway says, NotFound, AlreadyExists, InvalidArgument (it did not take what it was sent), Unavailable: it cannot be
// reached, Internal: its answer was not understood.
class ApiClient final {
 public:
  // The token may be missing: for Login. `patience` bounds each call; the usual one without.
  static absl::StatusOr<std::unique_ptr<ApiClient>> Create(const ClientConfig& config, const std::string& version,
                                                           std::optional<absl::Duration> patience = std::nullopt);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  absl::StatusOr<std::string> AuthMethod();  // local, oidc, saml
  // The token, which later calls use.
  absl::StatusOr<std::string> Login(std::string_view email, std::string_view password);
  // Makes the first account, an administrator, and signs it in: for who has the set-up token of a new gateway.
  // PermissionDenied: it is not that token, or there is an account already.
  absl::StatusOr<std::string> Register(std::string_view email, std::string_view password, std::string_view setup_token);
  // Nobody has to be signed in for it.
  absl::StatusOr<HealthInfo> Health();
  absl::StatusOr<std::string> GrpcUrl();
  absl::StatusOr<std::string> AuditKey();  // raw Ed25519 bytes, base64
  // The answer as it came, for who asks for JSON: a list ("users"), or one of it ("users", "user", "me@example.com").
  absl::StatusOr<std::string> GetJson(std::string_view list);
  absl::StatusOr<std::string> GetJson(std::string_view list, std::string_view kind, std::string_view name);

  absl::StatusOr<std::vector<ConnectionInfo>> Connections();
  absl::StatusOr<ConnectionInfo> Connection(std::string_view name);
  absl::Status CreateConnection(std::string_view name, const ConnectionSpec& spec);
  absl::Status ReplaceConnection(std::string_view name, const ConnectionSpec& spec);
  absl::Status UpdateConnection(std::string_view name, const ConnectionSpec& spec);
  absl::Status DeleteConnection(std::string_view name);

  absl::StatusOr<std::vector<AgentInfo>> Agents();
  // The key that the agent starts with: shown once, here.
  absl::StatusOr<std::string> CreateAgent(std::string_view name, std::string_view mode);
  absl::Status DeleteAgent(std::string_view name);
  // The key with which agents register connections of their own (`hoop run`).
  absl::StatusOr<std::string> CreateOrganizationKey();  // AlreadyExists: there is one
  absl::StatusOr<std::string> OrganizationKey();
  absl::Status DeleteOrganizationKey();

  absl::StatusOr<UserInfo> Self();
  absl::StatusOr<std::vector<UserInfo>> Users();
  absl::StatusOr<UserInfo> User(std::string_view email);
  // The password is that of a local account; empty: none is sent.
  absl::Status CreateUser(const UserInfo& user, std::string_view password);
  absl::Status ReplaceUser(const UserInfo& user);  // by its id
  absl::Status SetUserPassword(const UserInfo& user, std::string_view password);
  // One's own. The new token, which later calls use: those of before are refused.
  absl::StatusOr<std::string> ChangePassword(std::string_view old_password, std::string_view password);
  absl::Status DeleteUser(std::string_view email);
  absl::StatusOr<std::vector<std::string>> Groups();
  absl::Status CreateGroup(std::string_view name);
  absl::Status DeleteGroup(std::string_view name);
  absl::StatusOr<std::vector<ServiceAccountInfo>> ServiceAccounts();
  absl::Status CreateServiceAccount(const ServiceAccountInfo& account);
  absl::Status ReplaceServiceAccount(const ServiceAccountInfo& account);
  // What it signs in with: shown once, here.
  absl::StatusOr<std::string> CreateServiceToken(std::string_view subject, absl::Duration lifetime);
  absl::StatusOr<std::vector<PluginInfo>> Plugins();
  absl::Status CreatePlugin(const PluginSpec& spec);
  absl::Status ReplacePlugin(const PluginSpec& spec);
  // Its variables; values are plain here.
  absl::Status ConfigurePlugin(std::string_view name, const std::map<std::string, std::string>& variables);

  // What connections lead to. A gateway of ours keeps no secrets of it: `env` has to be empty there.
  absl::Status CreateResource(const ResourceSpec& spec);

  absl::StatusOr<SessionList> Sessions(const SessionQuery& query);
  absl::StatusOr<SessionInfo> Session(std::string_view id);
  absl::Status KillSession(std::string_view id);
  // Runs what an approved review was about; the gateway waits for 50 s, then it goes on without us.
  absl::StatusOr<ExecAnswer> ExecReviewed(std::string_view id);
  absl::StatusOr<StatementPage> Statements(std::string_view id, std::string_view cursor);

  // The record as it was written, in order, until `visit` answers false.
  absl::Status ReadRecord(std::string_view id, absl::FunctionRef<bool(const RecordEntry&)> visit);
  // Fetches the record and recomputes checksums, chain and signature with `public_key` (base64). InvalidArgument: that
  // is no key.
  absl::StatusOr<VerifyReport> VerifyRecord(std::string_view id, std::string_view public_key);

 private:
  explicit ApiClient(std::unique_ptr<ApiCalls> calls);
  const std::unique_ptr<ApiCalls> calls_;
};

// The name of an audit key, as seals and the gateway say it. InvalidArgument: not the base64 of an Ed25519 key.
absl::StatusOr<std::string> AuditKeyName(std::string_view public_key);

}  // namespace hoop

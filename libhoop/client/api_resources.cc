// The part of ApiClient that looks after connections, agents and people.
#include "base/status.h"
#include "base/status_macros.h"
#include "client/api_calls.h"
#include "client/api_json.h"
#include "client/api_object_json.h"
#include "hoop/api_client.h"

namespace hoop {

// ---- Connections ---------------------------------------------------------------------------------------------------

absl::StatusOr<std::vector<ConnectionInfo>> ApiClient::Connections() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/connections"));
  return ParseConnections(body);
}

absl::StatusOr<ConnectionInfo> ApiClient::Connection(std::string_view name) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        calls_->CallAbout({"connection", name}, "GET", ApiPath({"connections", name})));
  return ParseConnection(answer.body);
}

absl::Status ApiClient::CreateConnection(std::string_view name, const ConnectionSpec& spec) {
  return calls_->CallAbout({"connection", name}, "POST", "/connections", ConnectionJson(name, spec)).status();
}

absl::Status ApiClient::ReplaceConnection(std::string_view name, const ConnectionSpec& spec) {
  return calls_->CallAbout({"connection", name}, "PUT", ApiPath({"connections", name}), ConnectionJson(name, spec))
      .status();
}

absl::Status ApiClient::UpdateConnection(std::string_view name, const ConnectionSpec& spec) {
  return calls_->CallAbout({"connection", name}, "PATCH", ApiPath({"connections", name}), ConnectionJson("", spec))
      .status();
}

absl::Status ApiClient::DeleteConnection(std::string_view name) {
  return calls_->CallAbout({"connection", name}, "DELETE", ApiPath({"connections", name})).status();
}

// ---- Agents --------------------------------------------------------------------------------------------------------

absl::StatusOr<std::vector<AgentInfo>> ApiClient::Agents() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/agents"));
  return ParseAgents(body);
}

absl::StatusOr<std::string> ApiClient::CreateAgent(std::string_view name, std::string_view mode) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        calls_->CallAbout({"agent", name}, "POST", "/agents", AgentJson(name, mode)));
  return ParseTextMember(answer.body, "token");
}

absl::Status ApiClient::DeleteAgent(std::string_view name) {
  return calls_->CallAbout({"agent", name}, "DELETE", ApiPath({"agents", name})).status();
}

absl::StatusOr<std::string> ApiClient::CreateOrganizationKey() {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        calls_->CallAbout({"organization", "key"}, "POST", "/orgs/keys", "null"));
  return ParseTextMember(answer.body, "key");
}

absl::StatusOr<std::string> ApiClient::OrganizationKey() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/orgs/keys"));
  return ParseTextMember(body, "key");
}

absl::Status ApiClient::DeleteOrganizationKey() {
  return calls_->CallAbout({"organization", "key"}, "DELETE", "/orgs/keys").status();
}

// ---- People --------------------------------------------------------------------------------------------------------

absl::StatusOr<UserInfo> ApiClient::Self() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/userinfo"));
  return ParseUser(body);
}

absl::StatusOr<std::vector<UserInfo>> ApiClient::Users() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/users"));
  return ParseUsers(body);
}

absl::StatusOr<UserInfo> ApiClient::User(std::string_view email) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        calls_->CallAbout({"user", email}, "GET", ApiPath({"users", email})));
  return ParseUser(answer.body);
}

absl::Status ApiClient::CreateUser(const UserInfo& user, std::string_view password) {
  return calls_->CallAbout({"user", user.email}, "POST", "/users", UserJson(user, password)).status();
}

absl::Status ApiClient::ReplaceUser(const UserInfo& user) {
  return calls_->CallAbout({"user", user.email}, "PUT", ApiPath({"users", user.id}), UserJson(user, "")).status();
}

absl::Status ApiClient::SetUserPassword(const UserInfo& user, std::string_view password) {
  return calls_
      ->CallAbout({"password of", user.email}, "PUT", ApiPath({"users", user.id, "password"}),
                  PasswordJson("", password))
      .status();
}

absl::StatusOr<std::string> ApiClient::ChangePassword(std::string_view old_password, std::string_view password) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        calls_->Call("PUT", "/users/self/password", PasswordJson(old_password, password)));
  std::string token(answer.Header("Token"));
  if (token.empty()) return Internal("PUT /users/self/password: the answer has no token");
  calls_->SetBearer(token);
  return token;
}

absl::Status ApiClient::DeleteUser(std::string_view email) {
  return calls_->CallAbout({"user", email}, "DELETE", ApiPath({"users", email})).status();
}

absl::StatusOr<std::vector<std::string>> ApiClient::Groups() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/users/groups"));
  return ParseTexts(body);
}

absl::Status ApiClient::CreateGroup(std::string_view name) {
  return calls_->CallAbout({"group", name}, "POST", "/users/groups", GroupJson(name)).status();
}

absl::Status ApiClient::DeleteGroup(std::string_view name) {
  return calls_->CallAbout({"group", name}, "DELETE", ApiPath({"users", "groups", name})).status();
}

absl::StatusOr<std::vector<ServiceAccountInfo>> ApiClient::ServiceAccounts() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/serviceaccounts"));
  return ParseServiceAccounts(body);
}

absl::Status ApiClient::CreateServiceAccount(const ServiceAccountInfo& account) {
  return calls_
      ->CallAbout({"service account", account.subject}, "POST", "/serviceaccounts", ServiceAccountJson(account))
      .status();
}

absl::Status ApiClient::ReplaceServiceAccount(const ServiceAccountInfo& account) {
  return calls_
      ->CallAbout({"service account", account.subject}, "PUT", ApiPath({"serviceaccounts", account.subject}),
                  ServiceAccountJson(account))
      .status();
}

absl::StatusOr<std::string> ApiClient::CreateServiceToken(std::string_view subject, absl::Duration lifetime) {
  HOOP_ASSIGN_OR_RETURN(
      const HttpResponse answer,
      calls_->CallAbout({"service account", subject}, "POST", ApiPath({"serviceaccounts", subject, "token"}),
                        fmt::format("{{\"lifetime_sec\":{}}}", absl::ToInt64Seconds(lifetime))));
  return ParseTextMember(answer.body, "token");
}

absl::StatusOr<std::vector<PluginInfo>> ApiClient::Plugins() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/plugins"));
  return ParsePlugins(body);
}

absl::Status ApiClient::CreatePlugin(const PluginSpec& spec) {
  return calls_->CallAbout({"plugin", spec.name}, "POST", "/plugins", PluginJson(spec)).status();
}

absl::Status ApiClient::ReplacePlugin(const PluginSpec& spec) {
  return calls_->CallAbout({"plugin", spec.name}, "PUT", ApiPath({"plugins", spec.name}), PluginJson(spec)).status();
}

absl::Status ApiClient::ConfigurePlugin(std::string_view name, const std::map<std::string, std::string>& variables) {
  return calls_->CallAbout({"plugin", name}, "PUT", ApiPath({"plugins", name, "config"}), PluginConfigJson(variables))
      .status();
}

absl::Status ApiClient::CreateResource(const ResourceSpec& spec) {
  return calls_->CallAbout({"resource", spec.name}, "POST", "/resources", ResourceSpecJson(spec)).status();
}

// ---- The gateway ---------------------------------------------------------------------------------------------------

absl::StatusOr<HealthInfo> ApiClient::Health() {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer, calls_->Call("GET", "/healthz"));
  HealthInfo health{.server = std::string(answer.Header("Server"))};
  // Not ready is an answer, too.
  const auto ready = calls_->Ask("GET", "/healthz/ready");
  if (ready.ok() && (ready->status == 200 || ready->status == 503)) health.parts = ParseReadiness(ready->body);
  health.ready = ready.ok() && ready->status == 200;
  return health;
}

}  // namespace hoop

// What the gateway says of itself, and who the caller is: healthz, publicserverinfo, serverinfo, userinfo.
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  if (!url.empty() && url[0] == '[') return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find(':')));
}

// No licence is needed; the command line and the web app want to see one.
Json LicenseInfo(const ApiParts& parts) {
  const absl::Time now = parts.clock.Now();
  return {{"key_id", ""},
          {"allowed_hosts", {"*"}},
          {"type", "oss"},
          {"issued_at", absl::ToUnixSeconds(now)},
          {"expire_at", absl::ToUnixSeconds(now + absl::Hours(24 * 3653))},
          {"is_valid", true},
          {"status", "valid"},
          {"verify_error", ""},
          {"verified_host", HostOf(parts.info.api_url)},
          {"features", Json::array()}};
}

Json ServerInfoJson(const ApiParts& parts) {
  return {{"version", parts.info.version},
          {"commit_sha", ""},
          {"log_level", parts.info.log_level},
          {"go_debug", ""},
          {"auth_method", parts.info.auth_method},
          {"redact_provider", ""},
          {"has_redact_credentials", false},
          {"has_webhook_app_key", false},
          {"has_idp_audience", false},
          {"has_idp_custom_scopes", false},
          {"has_ask_ai_credentials", false},
          {"has_ssh_client_host_key", false},
          {"postgres_proxy_enabled", false},
          {"api_url", parts.info.api_url},
          {"grpc_url", parts.info.grpc_url},
          {"tenancy_type", "selfhosted"},
          {"license_info", LicenseInfo(parts)},
          {"idp_provider_name", "unknown"},
          {"disable_sessions_download", false},
          {"disable_clipboard_copy_cut", false},
          {"analytics_tracking", "disabled"},
          {"analytics_mode", "disabled"}};
}

// What the store holds and takes on disk: ours, for who watches it.
absl::StatusOr<Json> StorageJson(const ApiParts& parts) {
  HOOP_ASSIGN_OR_RETURN(const SessionTable::Totals totals, parts.store.sessions().Sum());
  Json storage = {
      {"database", parts.store.description()}, {"database_bytes", totals.database_bytes}, {"journal_bytes", nullptr},
      {"sessions", totals.sessions},           {"record_chunks", totals.chunks},          {"oldest_session", nullptr},
      {"session_retention_seconds", nullptr}};
  if (parts.info.journal_bytes) storage["journal_bytes"] = parts.info.journal_bytes();
  if (totals.oldest) storage["oldest_session"] = TimeText(*totals.oldest);
  if (parts.info.session_retention != absl::InfiniteDuration()) {
    storage["session_retention_seconds"] = absl::ToInt64Seconds(parts.info.session_retention);
  }
  return storage;
}

// The row behind an identity. A host's own verifier may know people that the store does not.
absl::StatusOr<UserRow> UserOf(const Identity& identity, UserTable& users) {
  absl::StatusOr<UserRow> user = users.FindById(identity.user_id);
  if (user.ok() || !absl::IsNotFound(user.status())) return user;
  UserRow row;
  row.subject = identity.subject;
  row.email = identity.email;
  row.name = identity.name;
  return row;
}

absl::StatusOr<Response> UserInfo(const ApiParts& parts, const Identity& identity) {
  HOOP_ASSIGN_OR_RETURN(const UserRow user, UserOf(identity, parts.store.users()));
  HOOP_ASSIGN_OR_RETURN(const OrganizationRow organization, parts.store.organizations().Find(identity.org_id));
  const char* const role = identity.is_admin ? "admin" : identity.is_auditor ? "auditor" : "standard";
  return JsonAnswer(200, {{"id", identity.subject},
                          {"name", identity.name},
                          {"email", identity.email},
                          {"status", UserStatusText(user.status)},
                          {"verified", true},
                          {"role", role},
                          {"slack_id", user.slack_id},
                          {"picture", user.picture},
                          {"groups", identity.groups},
                          {"is_admin", identity.is_admin},
                          {"is_multitenant", false},
                          {"tenancy_type", "selfhosted"},
                          {"org_id", identity.org_id},
                          {"org_name", organization.name},
                          {"org_license", ""},
                          {"feature_ask_ai", "unavailable"},
                          {"webapp_users_management", "on"},
                          {"intercom_hmac_digest", ""},
                          {"default_protection_profile", nullptr},
                          {"show_origin_survey", false},
                          {"show_setup_checklist", false}});
}

}  // namespace

void AddServerRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/healthz", Rule::kAnonymous, 0, Lane::kShort, [](const Request&) {
                return JsonAnswer(200, {{"liveness", "OK"}});
              }});
  routes.Add({"GET", "/publicserverinfo", Rule::kAnonymous, 0, Lane::kShort,
              [&parts](const Request&) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const int64_t users,
                                      parts.store.users().Count(parts.store.default_organization().id));
                return JsonAnswer(200, {{"auth_method", parts.info.auth_method}, {"setup_required", users == 0}});
              }});
  routes.Add(
      {"GET", "/serverinfo", Rule::kReader, 0, Lane::kShort, [&parts](const Request&) -> absl::StatusOr<Response> {
         Json info = ServerInfoJson(parts);
         HOOP_ASSIGN_OR_RETURN(info["storage"], StorageJson(parts));
         return JsonAnswer(200, info);
       }});
  routes.Add({"GET", "/userinfo", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return UserInfo(parts, *request.identity); }});
}

}  // namespace hoop::rest

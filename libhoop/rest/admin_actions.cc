#include "rest/admin_actions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "rest/json.h"

namespace hoop::rest {
namespace {

constexpr std::string_view kSecretMembers[] = {"password",
                                               "old_password",
                                               "hashed_password",
                                               "client_secret",
                                               "secret",
                                               "secrets",
                                               "api_key",
                                               "token",
                                               "setup_token",
                                               "key",
                                               "env",
                                               "envs",
                                               "env_vars",
                                               "envvars",
                                               "hosts_key",
                                               "private_key",
                                               "rollout_api_key",
                                               "git_user",
                                               "git_password"};

// The first segment of a pattern is the family; these have other names.
constexpr std::pair<std::string_view, std::string_view> kFamilies[] = {{"serviceaccounts", "service_accounts"},
                                                                       {"api-keys", "api_keys"}};

std::string ResourceType(std::string_view pattern) {
  if (pattern.starts_with("/users/groups")) return "user_groups";
  if (pattern.starts_with("/orgs/keys")) return "org_keys";
  const std::string_view family = pattern.substr(1, pattern.find('/', 1) - 1);
  for (const auto& [segment, name] : kFamilies) {
    if (segment == family) return std::string(name);
  }
  return std::string(family);
}

std::string PathOf(const Route& route, const Request& request) {
  std::string path = "/api" + route.pattern;
  for (const auto& [name, value] : request.path_parameters) {
    const size_t at = path.find(":" + name);
    if (at != std::string::npos) path.replace(at, name.size() + 1, value);
  }
  return path;
}

void Redact(Json& value) {
  if (value.is_array()) {
    for (Json& item : value) Redact(item);
  }
  if (!value.is_object()) return;
  for (auto& [key, item] : value.items()) {
    const bool secret =
        std::find(std::begin(kSecretMembers), std::end(kSecretMembers), key) != std::end(kSecretMembers);
    if (secret) {
      item = "[REDACTED]";
    } else {
      Redact(item);
    }
  }
}

// Objects only, of a bounded size.
std::string PayloadOf(const Route& route, const std::string& body) {
  if (route.pattern.ends_with("/config")) return "";  // values with names of their own
  absl::StatusOr<Json> object = ParseObject(body);
  if (!object.ok()) return "";
  Redact(*object);
  std::string text = JsonText(*object);
  return text.size() <= limits::kRestKeptPayloadBytesMax ? text : R"({"truncated":true})";
}

std::string ErrorOf(const Response& response) {
  if (response.status < 400) return "";
  const absl::StatusOr<Json> object = ParseObject(response.body);
  if (object.ok() && object->contains("message") && (*object)["message"].is_string()) return (*object)["message"];
  return fmt::format("HTTP {}", response.status);
}

// "127.0.0.1:5000", "[::1]:5000"
std::string WithoutPort(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  if (colon == std::string::npos || peer.find(':') == colon) return peer.substr(0, colon);
  return peer.front() == '[' ? peer.substr(1, peer.find(']') - 1) : peer;
}

std::string_view ActionOf(std::string_view method) {
  return method == "POST" ? "create" : method == "DELETE" ? "delete" : "update";
}

}  // namespace

void AdminActions::Note(const Route& route, const Request& request, const Response& response) const {
  if (route.rule != Rule::kAdmin || route.method == "GET" || !request.identity.has_value()) return;
  const Identity& actor = *request.identity;
  const absl::Status kept = table_.Insert({.id = NewUuid(),
                                           .org_id = actor.org_id,
                                           .actor_subject = actor.subject,
                                           .actor_email = actor.email,
                                           .actor_name = actor.name,
                                           .resource_type = ResourceType(route.pattern),
                                           .action = std::string(ActionOf(route.method)),
                                           .http_method = route.method,
                                           .http_status = response.status,
                                           .http_path = PathOf(route, request),
                                           .client_ip = WithoutPort(request.peer),
                                           .payload = PayloadOf(route, request.body),
                                           .error_message = ErrorOf(response),
                                           .outcome = response.status < 400,
                                           .created_at = clock_.Now()});
  if (!kept.ok()) {
    log_.Error("an administrator's action is not kept", "by", actor.email, "method", route.method, "route",
               route.pattern, "status", response.status, "reason", StatusText(kept));
  }
}

}  // namespace hoop::rest

// API keys: list, get, create (the only moment when the key is seen), change, revoke, reactivate.
#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/api_keys.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

Json KeyJson(const ApiKeyRow& key) {
  Json json = {{"id", key.id},
               {"org_id", key.org_id},
               {"name", key.name},
               {"masked_key", key.masked_key},
               {"status", key.active ? "active" : "revoked"},
               {"groups", key.groups},
               {"created_by", key.created_by},
               {"created_at", TimeText(key.created_at)}};
  if (!key.deactivated_by.empty()) json["deactivated_by"] = key.deactivated_by;
  if (key.deactivated_at.has_value()) json["deactivated_at"] = TimeText(*key.deactivated_at);
  if (key.last_used_at.has_value()) json["last_used_at"] = TimeText(*key.last_used_at);
  return json;
}

absl::StatusOr<ApiKeyRow> FindKey(const ApiParts& parts, const Request& request) {
  auto key = parts.store.api_keys().Find(request.identity->org_id, request.Parameter("nameOrID"));
  if (absl::IsNotFound(key.status())) return NotFound("api key not found");
  return key;
}

absl::StatusOr<Response> ListKeys(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<ApiKeyRow> keys, parts.store.api_keys().List(request.identity->org_id));
  Json list = Json::array();
  for (const ApiKeyRow& key : keys) list.push_back(KeyJson(key));
  return JsonAnswer(200, list);
}

absl::StatusOr<Response> CreateKey(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  ApiKeyRow key;
  key.name = body.RequiredText("name");
  key.groups = body.Texts("groups");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckLine("name", key.name));
  HOOP_RETURN_IF_ERROR(CheckGroups(key.groups));
  const std::string secret = NewApiKey();
  key.id = NewUuid();
  key.org_id = request.identity->org_id;
  key.key_hash = HashApiKey(secret);
  key.masked_key = MaskApiKey(secret);
  key.created_by = request.identity->email;
  key.created_at = parts.clock.Now();
  const absl::Status inserted = parts.store.api_keys().Insert(key);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("api key {} already exists", key.name);
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("api key created", "name", key.name, "by", key.created_by);
  HOOP_ASSIGN_OR_RETURN(const ApiKeyRow now, parts.store.api_keys().Find(key.org_id, key.id));
  Json json = KeyJson(now);
  json["key"] = secret;
  return JsonAnswer(201, json);
}

absl::StatusOr<Response> Stored(const ApiParts& parts, const Request& request, const ApiKeyRow& key) {
  const absl::Status updated = parts.store.api_keys().Update(key);
  if (absl::IsAlreadyExists(updated)) return AlreadyExists("api key {} already exists", key.name);
  HOOP_RETURN_IF_ERROR(updated);
  parts.log.Info("api key changed", "name", key.name, "active", key.active, "by", request.identity->email);
  HOOP_ASSIGN_OR_RETURN(const ApiKeyRow now, parts.store.api_keys().Find(key.org_id, key.id));
  return JsonAnswer(200, KeyJson(now));
}

absl::StatusOr<Response> ChangeKey(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  HOOP_ASSIGN_OR_RETURN(ApiKeyRow key, FindKey(parts, request));
  if (body.Has("name")) key.name = body.RequiredText("name");
  if (body.Mentions("groups")) key.groups = body.Texts("groups");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckLine("name", key.name));
  HOOP_RETURN_IF_ERROR(CheckGroups(key.groups));
  return Stored(parts, request, key);
}

// It stays in the list, and may come back.
absl::StatusOr<Response> RevokeKey(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ApiKeyRow key, FindKey(parts, request));
  if (!key.active) return NoContent();
  key.active = false;
  key.deactivated_by = request.identity->email;
  key.deactivated_at = parts.clock.Now();
  HOOP_RETURN_IF_ERROR(Stored(parts, request, key).status());
  parts.sessions.EndOfUser(key.id, "user is not active");
  return NoContent();
}

absl::StatusOr<Response> ReactivateKey(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ApiKeyRow key, FindKey(parts, request));
  if (key.active) return InvalidArgument("the api key is active");
  key.active = true;
  key.deactivated_by.clear();
  key.deactivated_at.reset();
  return Stored(parts, request, key);
}

}  // namespace

void AddApiKeyRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/api-keys", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return ListKeys(parts, request); }});
  routes.Add({"POST", "/api-keys", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateKey(parts, request); }});
  routes.Add({"GET", "/api-keys/:nameOrID", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const ApiKeyRow key, FindKey(parts, request));
                return JsonAnswer(200, KeyJson(key));
              }});
  routes.Add({"PUT", "/api-keys/:nameOrID", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return ChangeKey(parts, request); }});
  routes.Add({"DELETE", "/api-keys/:nameOrID", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return RevokeKey(parts, request); }});
  routes.Add({"POST", "/api-keys/:nameOrID/reactivate", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return ReactivateKey(parts, request); }});
}

}  // namespace hoop::rest

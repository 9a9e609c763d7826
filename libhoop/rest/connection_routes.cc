// Connections: list, get, create, replace, change, delete; and the tags in use. Who may see one decides FindConnection.
#include <algorithm>
#include <map>
#include <utility>

#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "identity/digest.h"
#include "rest/connection_filter.h"
#include "rest/connection_shape.h"
#include "rest/query.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

bool SeesAll(const Identity& identity) { return identity.is_admin || identity.is_auditor; }

absl::StatusOr<ConnectionRow> FindConnection(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  const std::string& name_or_id = request.Parameter("nameOrID");
  ConnectionTable& connections = parts.store.connections();
  absl::StatusOr<ConnectionRow> connection =
      SeesAll(identity) ? connections.Find(identity.org_id, name_or_id)
                        : connections.FindVisible(identity.org_id, name_or_id, identity.groups);
  if (absl::IsNotFound(connection.status())) return NotFound("not found");
  return connection;
}

// The answer to whoever wrote or asked for one.
absl::StatusOr<Response> Shown(const ApiParts& parts, int status, const ConnectionRow& row, Json features) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> groups, parts.store.connection_groups().Get(row.id));
  return JsonAnswer(status, ConnectionJson(row, groups, parts.agents, std::move(features)));
}

absl::StatusOr<Response> ListConnections(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  HOOP_ASSIGN_OR_RETURN(ConnectionFilter filter, ReadConnectionFilter(request));
  if (!SeesAll(identity)) filter.visible_to_groups = identity.groups;
  const bool paged = request.query.contains("page") || request.query.contains("page_size");
  HOOP_ASSIGN_OR_RETURN(const int page, QueryInt(request, "page", 1, {1, 1'000'000}));
  HOOP_ASSIGN_OR_RETURN(const int size, QueryInt(request, "page_size", 50, {1, limits::kRestPageRowsMax}));
  if (paged) {
    filter.limit = size;
    filter.offset = (page - 1) * size;
  }
  HOOP_ASSIGN_OR_RETURN(const std::vector<ConnectionRow> rows, parts.store.connections().List(identity.org_id, filter));
  HOOP_ASSIGN_OR_RETURN(ConnectionGroups groups, parts.store.connection_groups().List(identity.org_id));
  Json list = Json::array();
  for (const ConnectionRow& row : rows) list.push_back(ConnectionJson(row, groups[row.id], parts.agents, nullptr));
  if (!paged) return JsonAnswer(200, list);
  HOOP_ASSIGN_OR_RETURN(const int64_t total, parts.store.connections().Count(identity.org_id, filter));
  return JsonAnswer(200, {{"pages", {{"total", total}, {"page", page}, {"size", size}}}, {"data", std::move(list)}});
}

absl::StatusOr<Response> CreateConnection(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  ConnectionRow fresh;
  fresh.name = body.RequiredText("name");
  fresh.schema_enabled = body.RequiredText("type") == "database";
  (void)body.RequiredText("agent_id");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_ASSIGN_OR_RETURN(ConnectionChanges created, ReadConnection(body, std::move(fresh)));
  ConnectionRow& row = created.row;
  Complete(row);
  row.id = NewUuid();
  row.org_id = request.identity->org_id;
  row.created_at = row.updated_at = row.secrets_updated_at = parts.clock.Now();
  const absl::Status inserted =
      parts.store.connections().Insert(row, created.groups.value_or(std::vector<std::string>()));
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("Connection already exists.");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("connection created", "connection", row.name, "by", request.identity->email);
  return Shown(parts, 201, row, nullptr);
}

// PUT begins with what only the gateway knows, PATCH with everything.
ConnectionRow Emptied(const ConnectionRow& stored, ObjectReader& body) {
  ConnectionRow row;
  row.id = stored.id;
  row.org_id = stored.org_id;
  row.name = stored.name;
  row.created_at = stored.created_at;
  row.record_policy = stored.record_policy;  // ours: other command lines do not know it
  row.secrets = stored.secrets;              // gone when the body holds other ones
  row.secrets_updated_at = stored.secrets_updated_at;
  row.schema_enabled = body.RequiredText("type") == "database";
  (void)body.RequiredText("agent_id");
  return row;
}

absl::StatusOr<Response> ChangeConnection(const ApiParts& parts, const Request& request, bool replace) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  HOOP_ASSIGN_OR_RETURN(const ConnectionRow stored, FindConnection(parts, request));
  if (stored.managed_by.has_value()) return HttpError(400, "the connection is managed by its agent");
  ConnectionRow before = replace ? Emptied(stored, body) : stored;
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_ASSIGN_OR_RETURN(ConnectionChanges changes, ReadConnection(body, std::move(before)));
  ConnectionRow& row = changes.row;
  Complete(row);
  row.updated_at = parts.clock.Now();
  if (row.secrets != stored.secrets) row.secrets_updated_at = row.updated_at;
  const absl::Status updated = parts.store.connections().Update(row, changes.groups);
  if (absl::IsNotFound(updated)) return NotFound("not found");
  HOOP_RETURN_IF_ERROR(updated);
  parts.log.Info("connection changed", "connection", row.name, "by", request.identity->email);
  return Shown(parts, 200, row, nullptr);
}

// By name only, as upstream: whoever deletes says what.
absl::StatusOr<Response> DeleteConnection(const ApiParts& parts, const Request& request) {
  const std::string& name = request.Parameter("nameOrID");
  const std::string& org_id = request.identity->org_id;
  const absl::StatusOr<ConnectionRow> row = parts.store.connections().Find(org_id, name);
  const absl::Status deleted = parts.store.connections().Delete(org_id, name);
  if (absl::IsNotFound(deleted)) return NotFound("not found");
  HOOP_RETURN_IF_ERROR(deleted);
  parts.sessions.EndOnConnection(org_id, name, "connection was deleted");
  // Who brought it along brings it again, or ends: it would stay connected, and serve nobody.
  if (row.ok() && row->managed_by == kManagedByAgent) parts.agents.DisconnectRoute(RouteOf(*row));
  parts.log.Info("connection deleted", "connection", name, "by", request.identity->email);
  return NoContent();
}

// The pairs in use, among what the caller may see.
absl::StatusOr<Response> ListTags(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  ConnectionFilter filter;
  if (!SeesAll(identity)) filter.visible_to_groups = identity.groups;
  HOOP_ASSIGN_OR_RETURN(const std::vector<ConnectionRow> rows, parts.store.connections().List(identity.org_id, filter));
  std::map<std::pair<std::string, std::string>, std::pair<absl::Time, absl::Time>> tags;  // -> created, updated
  for (const ConnectionRow& row : rows) {
    for (const auto& tag : row.connection_tags) {
      auto [found, is_new] = tags.try_emplace(tag, row.created_at, row.updated_at);
      if (is_new) continue;
      found->second.first = std::min(found->second.first, row.created_at);
      found->second.second = std::max(found->second.second, row.updated_at);
    }
  }
  Json items = Json::array();
  for (const auto& [tag, times] : tags) {
    items.push_back({{"id", UrlUuid(fmt::format("connectiontag/{}/{}={}", identity.org_id, tag.first, tag.second))},
                     {"key", tag.first},
                     {"value", tag.second},
                     {"updated_at", TimeText(times.second)},
                     {"created_at", TimeText(times.first)}});
  }
  return JsonAnswer(200, {{"items", std::move(items)}});
}

}  // namespace

void AddConnectionRoutes(RouteTable& routes, const ApiParts& parts) {
  constexpr size_t kBody = limits::kRestBodyBytesMax;
  routes.Add({"GET", "/connections", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListConnections(parts, request); }});
  routes.Add({"POST", "/connections", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return CreateConnection(parts, request); }});
  routes.Add({"GET", "/connections/:nameOrID", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const ConnectionRow row, FindConnection(parts, request));
                return Shown(parts, 200, row, NoFeatures());
              }});
  routes.Add({"PUT", "/connections/:nameOrID", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return ChangeConnection(parts, request, true); }});
  routes.Add({"PATCH", "/connections/:nameOrID", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return ChangeConnection(parts, request, false); }});
  routes.Add({"DELETE", "/connections/:nameOrID", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteConnection(parts, request); }});
  routes.Add({"GET", "/connection-tags", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListTags(parts, request); }});
}

}  // namespace hoop::rest

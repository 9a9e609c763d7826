// Resources: what connections - their roles - lead to. A connection of which nobody said more makes one of its own
// name; one that was made here stays without connections, too. Who sees a role sees its resource.
#include <map>
#include <utility>

#include "base/connection_types.h"
#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "rest/connection_shape.h"
#include "rest/names.h"
#include "rest/query.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

struct Resource {
  ResourceRow row;
  std::vector<ConnectionRow> roles;
};
using Resources = std::map<std::string, Resource>;  // by name

// The one that a connection makes by being there.
ResourceRow Implied(const ConnectionRow& role) {
  return {.id = UrlUuid(fmt::format("resource/{}/{}", role.org_id, role.resource_name)),
          .org_id = role.org_id,
          .name = role.resource_name,
          .type = role.type,
          .subtype = role.subtype,
          .agent_id = role.agent_id,
          .created_at = role.created_at,
          .updated_at = role.updated_at};
}

// All that the caller may see.
absl::StatusOr<Resources> FindResources(const ApiParts& parts, const Identity& identity) {
  const bool sees_all = identity.is_admin || identity.is_auditor;
  ConnectionFilter filter;
  if (!sees_all) filter.visible_to_groups = identity.groups;
  HOOP_ASSIGN_OR_RETURN(std::vector<ConnectionRow> roles, parts.store.connections().List(identity.org_id, filter));
  HOOP_ASSIGN_OR_RETURN(std::vector<ResourceRow> rows, parts.store.resources().List(identity.org_id));
  Resources resources;
  for (ConnectionRow& role : roles) {
    const auto [found, is_new] = resources.try_emplace(role.resource_name);
    if (is_new) found->second.row = Implied(role);
    found->second.roles.push_back(std::move(role));
  }
  for (ResourceRow& row : rows) {
    if (!sees_all && !resources.contains(row.name)) continue;
    ResourceRow& shown = resources[row.name].row;
    shown = std::move(row);
  }
  return resources;
}

Json ResourceJson(const Resource& resource, const ConnectionGroups& groups, const AgentPresence& presence) {
  Json json = {{"id", resource.row.id},
               {"name", resource.row.name},
               {"type", resource.row.type},
               {"subtype", resource.row.subtype},
               {"env_vars", Json::object()},  // there are none: secrets belong to roles
               {"agent_id", resource.row.agent_id}};
  if (!resource.roles.empty()) {
    Json roles = Json::array();
    for (const ConnectionRow& role : resource.roles) {
      const auto found = groups.find(role.id);
      const std::vector<std::string> nobody;
      roles.push_back(ConnectionJson(role, found == groups.end() ? nobody : found->second, presence, nullptr));
    }
    json["roles"] = std::move(roles);
  }
  json["created_at"] = TimeText(resource.row.created_at);
  json["updated_at"] = TimeText(resource.row.updated_at);
  return json;
}

absl::StatusOr<Response> Shown(const ApiParts& parts, int status, const Resource& resource) {
  HOOP_ASSIGN_OR_RETURN(const ConnectionGroups groups, parts.store.connection_groups().List(resource.row.org_id));
  return JsonAnswer(status, ResourceJson(resource, groups, parts.agents));
}

absl::StatusOr<Resource> FindResource(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(Resources resources, FindResources(parts, *request.identity));
  const auto found = resources.find(request.Parameter("name"));
  if (found == resources.end()) return NotFound("resource not found");
  return std::move(found->second);
}

bool Fits(const ResourceRow& row, const Request& request) {
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return text;
  };
  const std::string name = request.Query("name"), subtype = request.Query("subtype");
  return (name.empty() || row.name == name) && (subtype.empty() || row.subtype == subtype) &&
         lower(row.name).find(lower(request.Query("search"))) != std::string::npos;
}

absl::StatusOr<Response> ListResources(const ApiParts& parts, const Request& request) {
  const bool paged = request.query.contains("page") || request.query.contains("page_size");
  HOOP_ASSIGN_OR_RETURN(const int page, QueryInt(request, "page", 1, {1, 1'000'000}));
  HOOP_ASSIGN_OR_RETURN(const int size, QueryInt(request, "page_size", 50, {1, limits::kRestPageRowsMax}));
  HOOP_ASSIGN_OR_RETURN(const Resources resources, FindResources(parts, *request.identity));
  HOOP_ASSIGN_OR_RETURN(const ConnectionGroups groups, parts.store.connection_groups().List(request.identity->org_id));
  Json list = Json::array();
  int64_t total = 0;
  for (const auto& [name, resource] : resources) {
    if (!Fits(resource.row, request)) continue;
    const int64_t number = total++;
    if (paged && number / size != page - 1) continue;
    list.push_back(ResourceJson(resource, groups, parts.agents));
  }
  if (!paged) return JsonAnswer(200, list);
  return JsonAnswer(200, {{"pages", {{"total", total}, {"page", page}, {"size", size}}}, {"data", std::move(list)}});
}

// What a body says of the resource itself.
absl::Status ReadResource(ObjectReader& body, ResourceRow& row) {
  row.type = body.RequiredText("type");
  row.subtype = body.Text("subtype");
  row.agent_id = body.Text("agent_id");
  const auto variables = body.NullableTextMap("env_vars");
  HOOP_RETURN_IF_ERROR(body.status());
  if (!IsConnectionType(row.type)) return InvalidArgument("type: {} is none", row.type);
  if (row.subtype.empty()) row.subtype = row.type;
  if (row.subtype.size() > 64) return InvalidArgument("subtype: longer than 64 bytes");
  if (!variables.empty()) return InvalidArgument("env_vars: a resource keeps no secrets here, its roles do");
  return absl::OkStatus();
}

absl::StatusOr<ConnectionRow> ReadRole(ObjectReader body, const ResourceRow& resource) {
  ConnectionRow row;
  row.name = body.RequiredText("name");
  row.schema_enabled = body.RequiredText("type") == "database";
  row.agent_id = resource.agent_id;
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_ASSIGN_OR_RETURN(ConnectionChanges read, ReadConnection(body, std::move(row)));
  if (read.row.agent_id.empty()) return HttpError(400, "agent_id: required");
  read.row.resource_name = resource.name;
  Complete(read.row);
  read.row.id = NewUuid();
  read.row.org_id = resource.org_id;
  read.row.created_at = read.row.updated_at = read.row.secrets_updated_at = resource.created_at;
  return std::move(read.row);
}

absl::StatusOr<Response> CreateResource(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  Resource created;
  ResourceRow& row = created.row;
  row.name = body.RequiredText("name");
  HOOP_RETURN_IF_ERROR(ReadResource(body, row));
  HOOP_RETURN_IF_ERROR(CheckName(row.name));
  row.id = NewUuid();
  row.org_id = request.identity->org_id;
  row.created_at = row.updated_at = parts.clock.Now();
  std::vector<ObjectReader> roles = body.Objects("roles");
  HOOP_RETURN_IF_ERROR(body.status());
  for (ObjectReader& role : roles) {
    HOOP_ASSIGN_OR_RETURN(created.roles.emplace_back(), ReadRole(std::move(role), row));
  }
  HOOP_ASSIGN_OR_RETURN(const Resources present, FindResources(parts, *request.identity));
  if (present.contains(row.name)) return AlreadyExists("resource already exists");
  const absl::Status inserted = parts.store.resources().Insert(row, created.roles);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("resource already exists");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("resource created", "resource", row.name, "roles", roles.size(), "by", request.identity->email);
  return Shown(parts, 201, created);
}

absl::StatusOr<Response> UpdateResource(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  HOOP_ASSIGN_OR_RETURN(Resource resource, FindResource(parts, request));
  const std::string type = resource.row.type;
  HOOP_RETURN_IF_ERROR(ReadResource(body, resource.row));
  if (resource.row.type != type && !resource.roles.empty()) {
    return HttpError(403, "the type cannot change while the resource has connections");
  }
  resource.row.updated_at = parts.clock.Now();
  HOOP_RETURN_IF_ERROR(parts.store.resources().Put(resource.row));
  parts.log.Info("resource changed", "resource", resource.row.name, "by", request.identity->email);
  return Shown(parts, 200, resource);
}

absl::StatusOr<Response> DeleteResource(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const Resource resource, FindResource(parts, request));
  if (!resource.roles.empty()) return HttpError(403, "the resource has connections");
  const absl::Status deleted = parts.store.resources().Delete(resource.row.org_id, resource.row.name);
  if (absl::IsNotFound(deleted)) return NotFound("resource not found");
  HOOP_RETURN_IF_ERROR(deleted);
  parts.log.Info("resource deleted", "resource", resource.row.name, "by", request.identity->email);
  return NoContent();
}

}  // namespace

void AddResourceRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/resources", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListResources(parts, request); }});
  routes.Add({"POST", "/resources", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateResource(parts, request); }});
  routes.Add({"GET", "/resources/:name", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const Resource resource, FindResource(parts, request));
                return Shown(parts, 200, resource);
              }});
  routes.Add({"PUT", "/resources/:name", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return UpdateResource(parts, request); }});
  routes.Add({"DELETE", "/resources/:name", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteResource(parts, request); }});
}

}  // namespace hoop::rest

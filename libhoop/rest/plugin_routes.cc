// Plugins, as upstream calls parts that connections are given to. Two are real here and always there: every connection
// is audited, and access_control is the groups that may use one. Nothing is stored of others.
#include <array>
#include <utility>

#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

constexpr char kAudit[] = "audit";
constexpr char kAccessControl[] = "access_control";
constexpr std::array<const char*, 2> kPlugins = {kAccessControl, kAudit};

absl::Status CheckPlugin(const std::string& name) {
  for (const char* plugin : kPlugins) {
    if (name == plugin) return absl::OkStatus();
  }
  return NotFound("plugin not found");
}

// Of the connections that the caller may see, those that the plugin has, with its words about each.
absl::StatusOr<Json> ConnectionsOf(const ApiParts& parts, const Identity& identity, const std::string& name) {
  ConnectionFilter filter;
  if (!identity.is_admin && !identity.is_auditor) filter.visible_to_groups = identity.groups;
  HOOP_ASSIGN_OR_RETURN(const std::vector<ConnectionRow> rows, parts.store.connections().List(identity.org_id, filter));
  HOOP_ASSIGN_OR_RETURN(const ConnectionGroups groups, parts.store.connection_groups().List(identity.org_id));
  Json list = Json::array();
  for (const ConnectionRow& row : rows) {
    const auto found = groups.find(row.id);
    if (name == kAudit) {
      list.push_back({{"id", row.id}, {"name", row.name}, {"config", nullptr}});
    } else if (found != groups.end()) {
      list.push_back({{"id", row.id}, {"name", row.name}, {"config", found->second}});
    }
  }
  return list;
}

std::string PluginId(const Identity& identity, const std::string& name) {
  return UrlUuid(fmt::format("plugin/{}/{}", identity.org_id, name));
}

absl::StatusOr<Json> PluginJson(const ApiParts& parts, const Identity& identity, const std::string& name) {
  HOOP_ASSIGN_OR_RETURN(Json connections, ConnectionsOf(parts, identity, name));
  return Json{{"id", PluginId(identity, name)},
              {"name", name},
              {"connections", std::move(connections)},
              {"config", nullptr},
              {"source", nullptr},
              {"priority", 0}};
}

absl::StatusOr<Response> ShowPlugin(const ApiParts& parts, const Request& request, const std::string& name) {
  HOOP_RETURN_IF_ERROR(CheckPlugin(name));
  HOOP_ASSIGN_OR_RETURN(const Json plugin, PluginJson(parts, *request.identity, name));
  return JsonAnswer(200, plugin);
}

absl::StatusOr<Response> ListPlugins(const ApiParts& parts, const Request& request) {
  Json list = Json::array();
  for (const char* name : kPlugins) {
    HOOP_ASSIGN_OR_RETURN(Json plugin, PluginJson(parts, *request.identity, name));
    list.push_back(std::move(plugin));
  }
  return JsonAnswer(200, list);
}

absl::StatusOr<Response> CreatePlugin(const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string name = body.RequiredText("name");
  HOOP_RETURN_IF_ERROR(body.status());
  if (CheckPlugin(name).ok()) return HttpError(400, "plugin already enabled");
  return InvalidArgument("plugin {}: there is none of this name here", name);
}

// The groups of all connections in one step: one that is not mentioned is for everybody.
absl::StatusOr<ConnectionGroups> ReadGroups(ObjectReader& body) {
  ConnectionGroups groups;
  for (ObjectReader& connection : body.Objects("connections")) {
    const std::string id = connection.RequiredText("id");
    std::vector<std::string> names = connection.Texts("config");
    HOOP_RETURN_IF_ERROR(connection.status());
    HOOP_RETURN_IF_ERROR(CheckGroups(names));
    if (!names.empty()) groups[id] = std::move(names);
  }
  HOOP_RETURN_IF_ERROR(body.status());
  return groups;
}

absl::StatusOr<Response> ReplacePlugin(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::string name = body.RequiredText("name");  // upstream goes by the one of the body
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckPlugin(name));
  // Whatever is said about the audit, every session is recorded: it answers how it is.
  if (name == kAudit) return ShowPlugin(parts, request, name);
  HOOP_ASSIGN_OR_RETURN(const ConnectionGroups groups, ReadGroups(body));
  const absl::Status replaced = parts.store.connection_groups().ReplaceAll(request.identity->org_id, groups);
  if (absl::IsNotFound(replaced)) return InvalidArgument("connections: {}", StatusText(replaced));
  HOOP_RETURN_IF_ERROR(replaced);
  parts.log.Info("access control changed", "connections", groups.size(), "by", request.identity->email);
  return ShowPlugin(parts, request, name);
}

// Neither has anything to configure; the command line sends an empty object behind each change.
absl::StatusOr<Response> ConfigurePlugin(const ApiParts& parts, const Request& request) {
  const std::string& name = request.Parameter("name");
  HOOP_RETURN_IF_ERROR(CheckPlugin(name));
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  if (!body.empty()) return InvalidArgument("plugin {} has no configuration", name);
  return ShowPlugin(parts, request, name);
}

// ---- What a plugin says about one connection -----------------------------------------------------------------------

absl::Status NoPluginConnection() { return NotFound("plugin connection not found"); }

// The connection of the path parameter "id"; a name finds none.
absl::StatusOr<ConnectionRow> FindConnection(const ApiParts& parts, const Request& request) {
  HOOP_RETURN_IF_ERROR(CheckPlugin(request.Parameter("name")));
  const std::string& id = request.Parameter("id");
  absl::StatusOr<ConnectionRow> row = parts.store.connections().Find(request.identity->org_id, id);
  if (absl::IsNotFound(row.status()) || (row.ok() && row->id != id)) return NoPluginConnection();
  return row;
}

Response PluginConnection(const Request& request, const ConnectionRow& row, Json config) {
  const std::string& name = request.Parameter("name");
  return JsonAnswer(200, {{"id", UrlUuid(fmt::format("{}:{}", name, row.id))},
                          {"plugin_id", PluginId(*request.identity, name)},
                          {"connection_id", row.id},
                          {"config", std::move(config)},
                          {"updated_at", TimeText(row.updated_at)}});
}

absl::StatusOr<Response> ShowPluginConnection(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const ConnectionRow row, FindConnection(parts, request));
  if (request.Parameter("name") == kAudit) return PluginConnection(request, row, nullptr);
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> groups, parts.store.connection_groups().Get(row.id));
  if (groups.empty()) return NoPluginConnection();
  return PluginConnection(request, row, groups);
}

// No groups: everybody, as with all connections in one step.
absl::Status ReplaceGroups(const ApiParts& parts, const Request& request, ConnectionRow& row,
                           const std::vector<std::string>& groups) {
  row.updated_at = parts.clock.Now();
  const absl::Status replaced = parts.store.connection_groups().Replace(row.org_id, row.id, groups, row.updated_at);
  if (absl::IsNotFound(replaced)) return NoPluginConnection();
  HOOP_RETURN_IF_ERROR(replaced);
  parts.log.Info("access control changed", "connection", row.name, "by", request.identity->email);
  return absl::OkStatus();
}

absl::StatusOr<Response> PutPluginConnection(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ConnectionRow row, FindConnection(parts, request));
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  std::vector<std::string> groups = body.Texts("config");
  HOOP_RETURN_IF_ERROR(body.status());
  // Whatever is said about the audit, every session is recorded.
  if (request.Parameter("name") == kAudit) return PluginConnection(request, row, nullptr);
  HOOP_RETURN_IF_ERROR(CheckGroups(groups));
  HOOP_RETURN_IF_ERROR(ReplaceGroups(parts, request, row, groups));
  HOOP_ASSIGN_OR_RETURN(groups, parts.store.connection_groups().Get(row.id));  // each once
  return PluginConnection(request, row, groups);
}

absl::StatusOr<Response> DeletePluginConnection(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ConnectionRow row, FindConnection(parts, request));
  if (request.Parameter("name") == kAudit) return InvalidArgument("plugin audit: every connection is audited");
  HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> groups, parts.store.connection_groups().Get(row.id));
  if (groups.empty()) return NoPluginConnection();
  HOOP_RETURN_IF_ERROR(ReplaceGroups(parts, request, row, {}));
  return NoContent();
}

}  // namespace

void AddPluginRoutes(RouteTable& routes, const ApiParts& parts) {
  constexpr size_t kBody = limits::kRestBodyBytesMax;
  routes.Add({"GET", "/plugins", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListPlugins(parts, request); }});
  routes.Add({"POST", "/plugins", Rule::kAdmin, kBody, Lane::kShort,
              [](const Request& request) { return CreatePlugin(request); }});
  routes.Add({"GET", "/plugins/:name", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ShowPlugin(parts, request, request.Parameter("name")); }});
  routes.Add({"PUT", "/plugins/:name", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return ReplacePlugin(parts, request); }});
  routes.Add({"PUT", "/plugins/:name/config", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return ConfigurePlugin(parts, request); }});
  routes.Add({"GET", "/plugins/:name/conn/:id", Rule::kAuditor, 0, Lane::kShort,
              [&parts](const Request& request) { return ShowPluginConnection(parts, request); }});
  routes.Add({"PUT", "/plugins/:name/conn/:id", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return PutPluginConnection(parts, request); }});
  routes.Add({"DELETE", "/plugins/:name/conn/:id", Rule::kAdmin, kBody, Lane::kShort,
              [&parts](const Request& request) { return DeletePluginConnection(parts, request); }});
}

}  // namespace hoop::rest

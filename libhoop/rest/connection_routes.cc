// Connections: list, get, create. Values of secrets come in here and never go out again.
#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/query.h"
#include "rest/routes.h"
#include "session/connection_types.h"

namespace hoop::rest {
namespace {

const char* Mode(bool enabled) { return enabled ? "enabled" : "disabled"; }

Json SecretKeys(const ConnectionRow& connection) {
  Json keys = Json::object();
  for (const auto& [key, value] : connection.secrets) keys[key] = nullptr;
  return keys;
}

// `features`: null in lists.
Json ConnectionJson(const ConnectionRow& connection, const AgentPresence& presence, Json features) {
  return {{"id", connection.id},
          {"name", connection.name},
          {"command", TextsOrNull(connection.command)},
          {"resource_name", connection.resource_name},
          {"type", connection.type},
          {"subtype", connection.subtype},
          {"secret", SecretKeys(connection)},
          {"default_database", ""},  // would be the value of a secret
          {"agent_id", connection.agent_id},
          {"status", presence.IsOnline(connection.agent_id) ? "online" : "offline"},
          {"record", connection.record_policy == RecordPolicy::kDurable ? "durable" : "buffered"},
          {"reviewers", connection.reviewers},
          {"redact_enabled", !connection.redact_types.empty()},
          {"redact_types", connection.redact_types},
          {"managed_by", connection.managed_by.has_value() ? Json(*connection.managed_by) : Json()},
          {"tags", connection.tags},
          {"connection_tags", Json(connection.connection_tags)},
          {"access_mode_runbooks", Mode(connection.runbooks_enabled)},
          {"access_mode_exec", Mode(connection.exec_enabled)},
          {"access_mode_connect", Mode(connection.connect_enabled)},
          {"access_schema", Mode(connection.schema_enabled)},
          {"guardrail_rules", connection.guardrail_rules},
          {"jira_issue_template_id", connection.jira_issue_template_id},
          {"force_approve_groups", TextsOrNull(connection.force_approve_groups)},
          {"access_max_duration",
           connection.access_max_duration_seconds.has_value() ? Json(*connection.access_max_duration_seconds) : Json()},
          {"min_review_approvals",
           connection.min_review_approvals.has_value() ? Json(*connection.min_review_approvals) : Json()},
          {"mandatory_metadata_fields", connection.mandatory_metadata_fields},
          {"attributes", connection.attributes},
          {"effective_features", std::move(features)},
          {"secrets_updated_at", TimeText(connection.secrets_updated_at)}};
}

// None of them is there yet.
Json NoFeatures() {
  return {{"guardrails", false},
          {"data_masking", false},
          {"ai_session_analyzer", false},
          {"jira_templates", false},
          {"mandatory_metadata", false},
          {"access_request", {{"command", false}, {"jit", false}, {"legacy_reviewers", false}}}};
}

bool SeesAll(const Identity& identity) { return identity.is_admin || identity.is_auditor; }

absl::StatusOr<Response> GetConnection(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  const std::string& name_or_id = request.Parameter("nameOrID");
  ConnectionTable& connections = parts.store.connections();
  absl::StatusOr<ConnectionRow> connection =
      SeesAll(identity) ? connections.Find(identity.org_id, name_or_id)
                        : connections.FindVisible(identity.org_id, name_or_id, identity.groups);
  if (absl::IsNotFound(connection.status())) return NotFound("not found");
  HOOP_RETURN_IF_ERROR(connection.status());
  return JsonAnswer(200, ConnectionJson(*connection, parts.agents, NoFeatures()));
}

absl::StatusOr<Response> ListConnections(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  ConnectionFilter filter;
  if (!SeesAll(identity)) filter.visible_to_groups = identity.groups;
  filter.agent_id = request.Query("agent_id");
  filter.type = request.Query("type");
  filter.subtype = request.Query("subtype");
  filter.managed_by = request.Query("managed_by");
  filter.name = request.Query("name");
  filter.search = request.Query("search");
  const bool paged = request.query.contains("page") || request.query.contains("page_size");
  HOOP_ASSIGN_OR_RETURN(const int page, QueryInt(request, "page", 1, {1, 1'000'000}));
  HOOP_ASSIGN_OR_RETURN(const int size, QueryInt(request, "page_size", 50, {1, limits::kRestPageRowsMax}));
  if (paged) {
    filter.limit = size;
    filter.offset = (page - 1) * size;
  }
  HOOP_ASSIGN_OR_RETURN(const std::vector<ConnectionRow> rows, parts.store.connections().List(identity.org_id, filter));
  Json list = Json::array();
  for (const ConnectionRow& row : rows) list.push_back(ConnectionJson(row, parts.agents, nullptr));
  if (!paged) return JsonAnswer(200, list);
  HOOP_ASSIGN_OR_RETURN(const int64_t total, parts.store.connections().Count(identity.org_id, filter));
  return JsonAnswer(200, {{"pages", {{"total", total}, {"page", page}, {"size", size}}}, {"data", std::move(list)}});
}

// enabled, disabled; absent is `otherwise`.
absl::StatusOr<bool> ReadMode(ObjectReader& body, const char* name, bool otherwise) {
  const std::string text = body.Text(name);
  if (text.empty()) return otherwise;
  if (text != "enabled" && text != "disabled") return InvalidArgument("{}: neither enabled nor disabled", name);
  return text == "enabled";
}

absl::Status ReadModes(ObjectReader& body, ConnectionRow& row) {
  // Older clients send none of them.
  HOOP_ASSIGN_OR_RETURN(row.runbooks_enabled, ReadMode(body, "access_mode_runbooks", true));
  HOOP_ASSIGN_OR_RETURN(row.exec_enabled, ReadMode(body, "access_mode_exec", true));
  HOOP_ASSIGN_OR_RETURN(row.connect_enabled, ReadMode(body, "access_mode_connect", true));
  HOOP_ASSIGN_OR_RETURN(row.schema_enabled, ReadMode(body, "access_schema", row.type == "database"));
  const std::string record = body.Text("record");
  if (!record.empty() && record != "durable" && record != "buffered") {
    return InvalidArgument("record: neither durable nor buffered");
  }
  row.record_policy = record == "buffered" ? RecordPolicy::kBuffered : RecordPolicy::kDurable;
  return absl::OkStatus();
}

absl::Status CheckConnection(const ConnectionRow& row) {
  HOOP_RETURN_IF_ERROR(CheckName(row.name));
  if (!IsConnectionType(row.type)) return InvalidArgument("type: {} is none", row.type);
  if (row.connection_tags.size() > 10) return InvalidArgument("connection_tags: more than 10");
  for (const auto& [key, value] : row.connection_tags) HOOP_RETURN_IF_ERROR(CheckTag(key, value));
  for (const auto& [key, value] : row.secrets) HOOP_RETURN_IF_ERROR(CheckSecret(key, value));
  if (row.min_review_approvals.value_or(1) < 1) return InvalidArgument("min_review_approvals: below 1");
  if (row.access_max_duration_seconds.value_or(1) < 1) return InvalidArgument("access_max_duration: below 1");
  return absl::OkStatus();
}

absl::StatusOr<ConnectionRow> ReadConnection(const std::string& text) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(text));
  ConnectionRow row;
  row.name = body.RequiredText("name");
  row.type = body.RequiredText("type");
  row.agent_id = body.RequiredText("agent_id");
  row.subtype = body.Text("subtype");
  row.command = body.Texts("command");
  row.secrets = body.TextMap("secret");
  row.tags = body.Texts("tags");
  row.connection_tags = body.TextMap("connection_tags");
  row.reviewers = body.Texts("reviewers");
  row.redact_types = body.Texts("redact_types");
  row.guardrail_rules = body.Texts("guardrail_rules");
  row.force_approve_groups = body.Texts("force_approve_groups");
  row.mandatory_metadata_fields = body.Texts("mandatory_metadata_fields");
  row.attributes = body.Texts("attributes");
  row.resource_name = body.Text("resource_name");
  row.jira_issue_template_id = body.Text("jira_issue_template_id");
  row.access_max_duration_seconds = body.Int("access_max_duration");
  row.min_review_approvals = body.Int("min_review_approvals");
  const absl::Status modes = ReadModes(body, row);
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(modes);
  HOOP_RETURN_IF_ERROR(CheckConnection(row));
  if (row.resource_name.empty()) row.resource_name = row.name;
  if (row.command.empty()) row.command = DefaultCommand(WireType(row.type, row.subtype));
  return row;
}

absl::StatusOr<Response> CreateConnection(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ConnectionRow row, ReadConnection(request.body));
  row.id = NewUuid();
  row.org_id = request.identity->org_id;
  row.created_at = row.updated_at = row.secrets_updated_at = parts.clock.Now();
  const absl::Status inserted = parts.store.connections().Insert(row);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("Connection already exists.");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("connection created", "connection", row.name, "by", request.identity->email);
  return JsonAnswer(201, ConnectionJson(row, parts.agents, nullptr));
}

}  // namespace

void AddConnectionRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/connections", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListConnections(parts, request); }});
  routes.Add({"POST", "/connections", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateConnection(parts, request); }});
  routes.Add({"GET", "/connections/:nameOrID", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return GetConnection(parts, request); }});
}

}  // namespace hoop::rest

#include "rest/connection_shape.h"

#include <utility>

#include "base/connection_types.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/connection_checks.h"
#include "rest/names.h"

namespace hoop::rest {
namespace {

const char* Mode(bool enabled) { return enabled ? "enabled" : "disabled"; }

Json IntOrNull(const std::optional<int>& number) { return number.has_value() ? Json(*number) : Json(); }

Json SecretKeys(const ConnectionRow& connection) {
  Json keys = Json::object();
  for (const auto& [key, value] : connection.secrets) keys[key] = nullptr;
  return keys;
}

// enabled, disabled; empty and absent are `otherwise`.
absl::StatusOr<bool> ReadMode(ObjectReader& body, const char* name, bool otherwise) {
  const std::string text = body.Text(name);
  if (text.empty()) return otherwise;
  if (text != "enabled" && text != "disabled") return InvalidArgument("{}: neither enabled nor disabled", name);
  return text == "enabled";
}

absl::Status ReadModes(ObjectReader& body, ConnectionRow& row) {
  HOOP_ASSIGN_OR_RETURN(row.runbooks_enabled, ReadMode(body, "access_mode_runbooks", row.runbooks_enabled));
  HOOP_ASSIGN_OR_RETURN(row.exec_enabled, ReadMode(body, "access_mode_exec", row.exec_enabled));
  HOOP_ASSIGN_OR_RETURN(row.connect_enabled, ReadMode(body, "access_mode_connect", row.connect_enabled));
  HOOP_ASSIGN_OR_RETURN(row.schema_enabled, ReadMode(body, "access_schema", row.schema_enabled));
  const std::string record = body.Text("record");
  if (record.empty()) return absl::OkStatus();
  if (record != "durable" && record != "buffered") return InvalidArgument("record: neither durable nor buffered");
  row.record_policy = record == "buffered" ? RecordPolicy::kBuffered : RecordPolicy::kDurable;
  return absl::OkStatus();
}

// Null stands for the value that is stored: what GET answered may be sent back.
absl::Status ReadSecrets(ObjectReader& body, ConnectionRow& row) {
  if (!body.Has("secret")) return absl::OkStatus();
  std::map<std::string, std::string> secrets;
  for (const auto& [key, value] : body.NullableTextMap("secret")) {
    if (value.has_value()) {
      secrets[key] = *value;
    } else if (const auto stored = row.secrets.find(key); stored != row.secrets.end()) {
      secrets[key] = stored->second;
    } else {
      return InvalidArgument("secret {}: null keeps the stored value, and there is none", key);
    }
  }
  row.secrets = std::move(secrets);
  return absl::OkStatus();
}

void ReadLists(ObjectReader& body, ConnectionRow& row) {
  const std::pair<const char*, std::vector<std::string>*> lists[] = {
      {"command", &row.command},
      {"tags", &row.tags},
      {"reviewers", &row.reviewers},
      {"redact_types", &row.redact_types},
      {"guardrail_rules", &row.guardrail_rules},
      {"force_approve_groups", &row.force_approve_groups},
      {"mandatory_metadata_fields", &row.mandatory_metadata_fields},
      {"attributes", &row.attributes}};
  for (const auto& [name, list] : lists) {
    if (body.Mentions(name)) *list = body.Texts(name);
  }
  if (body.Mentions("connection_tags")) row.connection_tags = body.TextMap("connection_tags");
}

}  // namespace

Json ConnectionJson(const ConnectionRow& connection, const std::vector<std::string>& groups,
                    const AgentPresence& presence, Json features) {
  return {{"id", connection.id},
          {"name", connection.name},
          {"command", TextsOrNull(connection.command)},
          {"resource_name", connection.resource_name},
          {"type", connection.type},
          {"subtype", connection.subtype},
          {"secret", SecretKeys(connection)},
          {"default_database", ""},  // would be the value of a secret
          {"agent_id", connection.agent_id},
          {"status", presence.IsOnline(RouteOf(connection)) ? "online" : "offline"},
          {"record", connection.record_policy == RecordPolicy::kDurable ? "durable" : "buffered"},
          {"access_groups", groups},
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
          {"access_max_duration", IntOrNull(connection.access_max_duration_seconds)},
          {"min_review_approvals", IntOrNull(connection.min_review_approvals)},
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

absl::StatusOr<ConnectionChanges> ReadConnection(ObjectReader& body, ConnectionRow row) {
  ConnectionChanges changes;
  if (body.Mentions("type")) row.type = body.RequiredText("type");
  if (body.Mentions("agent_id")) row.agent_id = body.RequiredText("agent_id");
  if (body.Mentions("subtype")) row.subtype = body.Text("subtype");
  if (body.Mentions("resource_name")) row.resource_name = body.Text("resource_name");
  if (body.Mentions("jira_issue_template_id")) row.jira_issue_template_id = body.Text("jira_issue_template_id");
  if (body.Mentions("access_max_duration")) row.access_max_duration_seconds = body.Int("access_max_duration");
  if (body.Mentions("min_review_approvals")) row.min_review_approvals = body.Int("min_review_approvals");
  if (body.Mentions("access_groups")) changes.groups = body.Texts("access_groups");
  ReadLists(body, row);
  const absl::Status modes = ReadModes(body, row), secrets = ReadSecrets(body, row);
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(modes);
  HOOP_RETURN_IF_ERROR(secrets);
  HOOP_RETURN_IF_ERROR(CheckConnection(row));
  if (changes.groups.has_value()) HOOP_RETURN_IF_ERROR(CheckGroups(*changes.groups));
  changes.row = std::move(row);
  return changes;
}

void Complete(ConnectionRow& row) {
  if (row.resource_name.empty()) row.resource_name = row.name;
  if (!row.command.empty()) return;
  const std::string protocol = WireType(row.type, row.subtype);
  row.command = DefaultCommand(protocol);
  if (protocol == "mssql") row.secrets.emplace("envvar:INSECURE", Base64Encode("false"));
  const auto whole = row.secrets.find("envvar:CONNECTION_STRING");
  const bool in_parts = whole == row.secrets.end() || whole->second.empty();
  if (protocol == "mongodb" && in_parts && row.secrets.contains("envvar:HOST")) {
    row.command.back() = "mongodb://$USER:$PASS@$HOST:$PORT/?$OPTIONS";
    row.secrets.emplace("envvar:OPTIONS", Base64Encode("tls=true"));
    row.secrets.emplace("envvar:PORT", Base64Encode("27017"));
  }
}

}  // namespace hoop::rest

#include "client/api_object_json.h"

#include "base/connection_types.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/json_members.h"

namespace hoop {
namespace {

// Gateways of 2024 know no modes: nothing is switched off.
bool IsEnabled(const Json& json, const char* mode) { return TextMember(json, mode) != "disabled"; }
const char* Mode(bool enabled) { return enabled ? "enabled" : "disabled"; }

ConnectionInfo ToConnection(const Json& json) {
  ConnectionInfo connection{.id = TextMember(json, "id"),
                            .name = TextMember(json, "name"),
                            .type = TextMember(json, "type"),
                            .subtype = TextMember(json, "subtype"),
                            .resource = TextMember(json, "resource_name"),
                            .agent_id = TextMember(json, "agent_id"),
                            .status = TextMember(json, "status"),
                            .record = TextMember(json, "record"),
                            .command = TextListMember(json, "command"),
                            .access_groups = TextListMember(json, "access_groups"),
                            .reviewers = TextListMember(json, "reviewers"),
                            .redact_types = TextListMember(json, "redact_types"),
                            .tags = TextMapMember(json, "connection_tags"),
                            .exec_enabled = IsEnabled(json, "access_mode_exec"),
                            .connect_enabled = IsEnabled(json, "access_mode_connect"),
                            .runbooks_enabled = IsEnabled(json, "access_mode_runbooks")};
  connection.protocol = WireType(connection.type, connection.subtype);
  if (const Json& secrets = Member(json, "secret"); secrets.is_object()) {
    for (const auto& [key, value] : secrets.items()) connection.secret_keys.push_back(key);
  }
  return connection;
}

AgentInfo ToAgent(const Json& json) {
  return {TextMember(json, "id"),      TextMember(json, "name"),     TextMember(json, "mode"),
          TextMember(json, "version"), TextMember(json, "hostname"), TextMember(json, "platform"),
          TextMember(json, "status")};
}

UserInfo ToUser(const Json& json) {
  return {.id = TextMember(json, "id"),
          .email = TextMember(json, "email"),
          .name = TextMember(json, "name"),
          .slack_id = TextMember(json, "slack_id"),
          .picture = TextMember(json, "picture"),
          .status = TextMember(json, "status"),
          .role = TextMember(json, "role"),
          .verified = BoolMember(json, "verified"),
          .groups = TextListMember(json, "groups")};
}

ServiceAccountInfo ToServiceAccount(const Json& json) {
  return {TextMember(json, "subject"), TextMember(json, "name"), TextMember(json, "status"),
          TextListMember(json, "groups")};
}

PluginInfo ToPlugin(const Json& json) {
  PluginInfo plugin{.name = TextMember(json, "name"),
                    .source = TextMember(json, "source"),
                    .priority = NumberMember<int>(json, "priority").value_or(0),
                    .config_id = TextMember(Member(json, "config"), "id")};
  for (const Json& connection : Member(json, "connections")) {
    plugin.connections[TextMember(connection, "name")] = TextListMember(connection, "config");
  }
  return plugin;
}

template <typename Value>
absl::StatusOr<std::vector<Value>> ParseEach(std::string_view body, Value (*to_value)(const Json&)) {
  HOOP_ASSIGN_OR_RETURN(const Json list, ParseJsonList(body));
  std::vector<Value> values;
  for (const Json& json : list) values.push_back(to_value(json));
  return values;
}

template <typename Value>
void Put(Json& json, const char* name, const std::optional<Value>& value) {
  if (value) json[name] = *value;
}

void PutMode(Json& json, const char* name, const std::optional<bool>& enabled) {
  if (enabled) json[name] = Mode(*enabled);
}

}  // namespace

absl::StatusOr<std::vector<ConnectionInfo>> ParseConnections(std::string_view body) {
  return ParseEach(body, ToConnection);
}

absl::StatusOr<ConnectionInfo> ParseConnection(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  ConnectionInfo connection = ToConnection(json);
  if (connection.name.empty()) return Internal("the answer is not a connection");
  return connection;
}

absl::StatusOr<std::vector<AgentInfo>> ParseAgents(std::string_view body) { return ParseEach(body, ToAgent); }

absl::StatusOr<std::vector<UserInfo>> ParseUsers(std::string_view body) { return ParseEach(body, ToUser); }

absl::StatusOr<UserInfo> ParseUser(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  UserInfo user = ToUser(json);
  if (user.id.empty()) return Internal("the answer is not a user");
  return user;
}

absl::StatusOr<std::vector<ServiceAccountInfo>> ParseServiceAccounts(std::string_view body) {
  return ParseEach(body, ToServiceAccount);
}

absl::StatusOr<std::vector<PluginInfo>> ParsePlugins(std::string_view body) { return ParseEach(body, ToPlugin); }

absl::StatusOr<std::vector<std::string>> ParseTexts(std::string_view body) {
  return ParseEach<std::string>(body, [](const Json& json) { return json.is_string() ? json.get<std::string>() : ""; });
}

std::string AgentJson(std::string_view name, std::string_view mode) {
  return DumpJson({{"name", name}, {"mode", mode}});
}

std::string ConnectionJson(std::string_view name, const ConnectionSpec& spec) {
  Json json = Json::object();
  if (!name.empty()) json["name"] = name;
  Put(json, "type", spec.type);
  Put(json, "subtype", spec.subtype);
  Put(json, "agent_id", spec.agent_id);
  Put(json, "record", spec.record);
  Put(json, "access_schema", spec.access_schema);
  Put(json, "jira_issue_template_id", spec.jira_issue_template_id);
  Put(json, "command", spec.command);
  Put(json, "access_groups", spec.access_groups);
  Put(json, "reviewers", spec.reviewers);
  Put(json, "redact_types", spec.redact_types);
  Put(json, "guardrail_rules", spec.guardrail_rules);
  Put(json, "resource_name", spec.resource);
  Put(json, "connection_tags", spec.tags);
  PutMode(json, "access_mode_exec", spec.exec_enabled);
  PutMode(json, "access_mode_connect", spec.connect_enabled);
  PutMode(json, "access_mode_runbooks", spec.runbooks_enabled);
  if (spec.secrets) {
    Json& secrets = json["secret"] = Json::object();
    for (const auto& [key, value] : *spec.secrets) secrets[key] = value ? Json(Base64Encode(*value)) : Json();
  }
  return DumpJson(json);
}

std::string UserJson(const UserInfo& user, std::string_view password) {
  Json json = {{"email", user.email},     {"name", user.name},     {"slack_id", user.slack_id},
               {"picture", user.picture}, {"groups", user.groups}, {"status", user.status}};
  if (!password.empty()) json["password"] = password;
  return DumpJson(json);
}

std::string PasswordJson(std::string_view old_password, std::string_view password) {
  Json json = {{"password", password}};
  if (!old_password.empty()) json["old_password"] = old_password;
  return DumpJson(json);
}

std::string ServiceAccountJson(const ServiceAccountInfo& account) {
  return DumpJson(
      {{"subject", account.subject}, {"name", account.name}, {"status", account.status}, {"groups", account.groups}});
}

std::string GroupJson(std::string_view name) { return DumpJson({{"name", name}}); }

std::string PluginJson(const PluginSpec& spec) {
  Json connections = Json::array();
  for (const auto& [id, words] : spec.connections) connections.push_back({{"id", id}, {"config", words}});
  Json json = {{"name", spec.name}, {"priority", spec.priority}, {"connections", std::move(connections)}};
  Put(json, "source", spec.source);
  return DumpJson(json);
}

std::string PluginConfigJson(const std::map<std::string, std::string>& variables) {
  Json json = Json::object();
  for (const auto& [name, value] : variables) json[name] = Base64Encode(value);
  return DumpJson(json);
}

std::string ResourceSpecJson(const ResourceSpec& spec) {
  Json variables = Json::object();
  for (const auto& [name, value] : spec.env) variables["envvar:" + name] = Base64Encode(value);
  return DumpJson({{"name", spec.name},
                   {"type", spec.type},
                   {"subtype", spec.subtype},
                   {"agent_id", spec.agent_id},
                   {"env_vars", std::move(variables)},
                   {"roles", Json::array()}});
}

std::string ParseReadiness(std::string_view body) {
  const absl::StatusOr<Json> json = ParseJsonObject(body);
  if (!json.ok()) return "";
  std::string parts;
  for (const auto& [name, state] : json->items()) {
    if (state.is_string()) parts += fmt::format("{}{}: {}", parts.empty() ? "" : ", ", name, state.get<std::string>());
  }
  return parts;
}

}  // namespace hoop

#include "client/api_json.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

// Depth first: the parser itself would nest as deep as the text does.
absl::StatusOr<Json> ParseJson(std::string_view text) {
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= limits::kApiJsonDepthMax; };
  Json json = Json::parse(text.begin(), text.end(), shallow, false);
  if (json.is_discarded() || json.is_null()) return Internal("the answer is not JSON");
  return json;
}

absl::StatusOr<Json> ParseObject(std::string_view text) {
  HOOP_ASSIGN_OR_RETURN(Json json, ParseJson(text));
  if (!json.is_object()) return Internal("the answer is not a JSON object");
  return json;
}

// Lists may be null when they are empty.
absl::StatusOr<Json> ParseList(std::string_view text) {
  if (text == "null") return Json::array();
  HOOP_ASSIGN_OR_RETURN(Json json, ParseJson(text));
  if (!json.is_array()) return Internal("the answer is not a JSON list");
  return json;
}

const Json& Member(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? kNull : *found;
}

std::string Text(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  return member.is_string() ? member.get<std::string>() : std::string();
}

bool Bool(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  return member.is_boolean() && member.get<bool>();
}

template <typename Number>
std::optional<Number> OptionalNumber(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  if (!member.is_number()) return std::nullopt;
  return member.get<Number>();
}

std::optional<absl::Time> OptionalTime(const Json& object, const char* name) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, Text(object, name), &time, &error)) return std::nullopt;
  return time;
}

std::vector<std::string> Texts(const Json& object, const char* name) {
  std::vector<std::string> texts;
  const Json& member = Member(object, name);
  if (!member.is_array()) return texts;
  for (const Json& item : member) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

SessionInfo ToSession(const Json& json) {
  SessionInfo session;
  session.id = Text(json, "id");
  session.user = Text(json, "user");
  session.user_name = Text(json, "user_name");
  session.connection = Text(json, "connection");
  session.type = Text(json, "type");
  session.subtype = Text(json, "connection_subtype");
  session.verb = Text(json, "verb");
  session.status = Text(json, "status");
  session.started_at = OptionalTime(json, "start_date");
  session.ended_at = OptionalTime(json, "end_date");
  session.exit_code = OptionalNumber<int>(json, "exit_code");
  session.event_bytes = OptionalNumber<uint64_t>(json, "event_size").value_or(0);
  session.end_reason = Text(json, "end_reason");
  session.record = Text(json, "record");
  if (Member(json, "sealed").is_boolean()) session.sealed = Bool(json, "sealed");
  session.script = Text(Member(json, "script"), "data");
  return session;
}

StatementInfo ToStatement(const Json& json) {
  StatementInfo statement;
  statement.number = OptionalNumber<uint64_t>(json, "number").value_or(0);
  statement.connection_id = Text(json, "connection_id");
  statement.outcome = Text(json, "outcome");
  statement.sql = Text(json, "sql");
  statement.sql_truncated = Bool(json, "sql_truncated");
  statement.parameter_types = fmt::format("{}", fmt::join(Texts(json, "parameter_types"), ", "));
  statement.started_at = OptionalTime(json, "started_at");
  statement.duration = absl::Microseconds(OptionalNumber<int64_t>(json, "duration_us").value_or(0));
  statement.command_tag = Text(json, "command_tag");
  statement.rows = OptionalNumber<uint64_t>(json, "rows");
  statement.copy_bytes = OptionalNumber<uint64_t>(json, "copy_in_bytes").value_or(0) +
                         OptionalNumber<uint64_t>(json, "copy_out_bytes").value_or(0);
  if (const Json& error = Member(json, "error"); error.is_object()) {
    statement.error = fmt::format("{} {}", Text(error, "code"), Text(error, "message"));
  }
  return statement;
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string RefusalText(std::string_view body) {
  if (auto json = ParseObject(body); json.ok()) {
    if (std::string message = Text(*json, "message"); !message.empty()) return message;
  }
  std::string text(body.substr(0, limits::kApiRefusalBytesMax));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

absl::StatusOr<std::string> ParseTextMember(std::string_view body, const char* name) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(body));
  std::string text = Text(json, name);
  if (text.empty()) return Internal("the answer has no {}", name);
  return text;
}

absl::StatusOr<std::vector<ConnectionInfo>> ParseConnections(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json list, ParseList(body));
  std::vector<ConnectionInfo> connections;
  for (const Json& json : list) {
    connections.push_back({Text(json, "id"), Text(json, "name"), Text(json, "type"), Text(json, "subtype"),
                           Text(json, "agent_id"), Text(json, "status"), Texts(json, "command")});
  }
  return connections;
}

absl::StatusOr<std::vector<AgentInfo>> ParseAgents(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json list, ParseList(body));
  std::vector<AgentInfo> agents;
  for (const Json& json : list) {
    agents.push_back({Text(json, "id"), Text(json, "name"), Text(json, "mode"), Text(json, "version"),
                      Text(json, "hostname"), Text(json, "platform"), Text(json, "status")});
  }
  return agents;
}

absl::StatusOr<SessionList> ParseSessionList(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(body));
  const Json& data = Member(json, "data");
  if (!data.is_array() && !data.is_null()) return Internal("the answer has no list of sessions");
  SessionList list;
  for (const Json& item : data) list.sessions.push_back(ToSession(item));
  list.total = OptionalNumber<int64_t>(json, "total");
  list.total_is_capped = Bool(json, "total_is_capped");
  list.has_next_page = Bool(json, "has_next_page");
  list.json = std::string(body);
  return list;
}

absl::StatusOr<SessionInfo> ParseSession(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(body));
  SessionInfo session = ToSession(json);
  if (session.id.empty()) return Internal("the answer is not a session");
  session.json = std::string(body);
  return session;
}

absl::StatusOr<StatementPage> ParseStatementPage(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseObject(body));
  const Json& data = Member(json, "data");
  if (!data.is_array()) return Internal("the answer has no list of statements");
  StatementPage page;
  for (const Json& item : data) page.statements.push_back(ToStatement(item));
  page.problems = Texts(json, "problems");
  page.next_cursor = Text(json, "next_cursor");
  page.json = std::string(body);
  return page;
}

std::string CredentialsJson(std::string_view email, std::string_view password) {
  return Dump({{"email", email}, {"password", password}});
}

std::string NewAgentJson(std::string_view name, std::string_view mode) {
  return Dump({{"name", name}, {"mode", mode}});
}

std::string NewConnectionJson(const NewConnection& connection) {
  Json secrets = Json::object();
  for (const auto& [key, value] : connection.secrets) secrets[key] = Base64Encode(value);
  Json json = {
      {"name", connection.name},           {"type", connection.type},
      {"subtype", connection.subtype},     {"agent_id", connection.agent_id},
      {"command", connection.command},     {"secret", std::move(secrets)},
      {"access_mode_runbooks", "enabled"}, {"access_mode_exec", "enabled"},
      {"access_mode_connect", "enabled"},  {"access_schema", connection.type == "database" ? "enabled" : "disabled"}};
  if (!connection.record.empty()) json["record"] = connection.record;
  return Dump(json);
}

}  // namespace hoop

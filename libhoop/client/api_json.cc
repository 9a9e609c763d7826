#include "client/api_json.h"

#include <algorithm>

#include "base/limits/client.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/json_members.h"

namespace hoop {
namespace {

SessionInfo ToSession(const Json& json) {
  SessionInfo session;
  session.id = TextMember(json, "id");
  session.user = TextMember(json, "user");
  session.user_name = TextMember(json, "user_name");
  session.connection = TextMember(json, "connection");
  session.type = TextMember(json, "type");
  session.subtype = TextMember(json, "connection_subtype");
  session.verb = TextMember(json, "verb");
  session.status = TextMember(json, "status");
  session.started_at = TimeMember(json, "start_date");
  session.ended_at = TimeMember(json, "end_date");
  session.exit_code = NumberMember<int>(json, "exit_code");
  session.event_bytes = NumberMember<uint64_t>(json, "event_size").value_or(0);
  session.end_reason = TextMember(json, "end_reason");
  session.record = TextMember(json, "record");
  if (Member(json, "sealed").is_boolean()) session.sealed = BoolMember(json, "sealed");
  session.redacted =
      NumberMember<uint64_t>(Member(Member(json, "metrics"), "data_masking"), "total_redact_count").value_or(0);
  const Json& review = Member(json, "review");
  session.review_status = TextMember(review, "status");
  if (const Json& groups = Member(review, "review_groups_data"); groups.is_array()) {
    const auto approved = std::count_if(groups.begin(), groups.end(),
                                        [](const Json& group) { return TextMember(group, "status") == "APPROVED"; });
    session.approvals = fmt::format("{}/{}", approved, groups.size());
  }
  session.client_args = TextListMember(json, "client_args");
  session.client_env = TextMapMember(json, "env_vars");
  session.script = TextMember(Member(json, "script"), "data");
  return session;
}

StatementInfo ToStatement(const Json& json) {
  StatementInfo statement;
  statement.number = NumberMember<uint64_t>(json, "number").value_or(0);
  statement.connection_id = TextMember(json, "connection_id");
  statement.outcome = TextMember(json, "outcome");
  statement.sql = TextMember(json, "sql");
  statement.sql_truncated = BoolMember(json, "sql_truncated");
  statement.parameter_types = fmt::format("{}", fmt::join(TextListMember(json, "parameter_types"), ", "));
  statement.started_at = TimeMember(json, "started_at");
  statement.duration = absl::Microseconds(NumberMember<int64_t>(json, "duration_us").value_or(0));
  statement.command_tag = TextMember(json, "command_tag");
  statement.rows = NumberMember<uint64_t>(json, "rows");
  statement.copy_bytes = NumberMember<uint64_t>(json, "copy_in_bytes").value_or(0) +
                         NumberMember<uint64_t>(json, "copy_out_bytes").value_or(0);
  if (const Json& error = Member(json, "error"); error.is_object()) {
    statement.error = fmt::format("{} {}", TextMember(error, "code"), TextMember(error, "message"));
  }
  return statement;
}

}  // namespace

std::string RefusalText(std::string_view body) {
  if (auto json = ParseJsonObject(body); json.ok()) {
    if (std::string message = TextMember(*json, "message"); !message.empty()) return message;
  }
  std::string text(body.substr(0, limits::kApiRefusalBytesMax));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

absl::StatusOr<std::string> ParseTextMember(std::string_view body, const char* name) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  std::string text = TextMember(json, name);
  if (text.empty()) return Internal("the answer has no {}", name);
  return text;
}

absl::StatusOr<SessionList> ParseSessionList(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  const Json& data = Member(json, "data");
  if (!data.is_array() && !data.is_null()) return Internal("the answer has no list of sessions");
  SessionList list;
  for (const Json& item : data) list.sessions.push_back(ToSession(item));
  list.total = NumberMember<int64_t>(json, "total");
  list.total_is_capped = BoolMember(json, "total_is_capped");
  list.has_next_page = BoolMember(json, "has_next_page");
  list.next_cursor = TextMember(json, "next_cursor");
  list.json = std::string(body);
  return list;
}

absl::StatusOr<SessionInfo> ParseSession(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  SessionInfo session = ToSession(json);
  if (session.id.empty()) return Internal("the answer is not a session");
  session.json = std::string(body);
  return session;
}

absl::StatusOr<ExecAnswer> ParseExecAnswer(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  ExecAnswer answer{.session_id = TextMember(json, "session_id"),
                    .output = TextMember(json, "output"),
                    .status = TextMember(json, "output_status"),
                    .exit_code = NumberMember<int>(json, "exit_code"),
                    .has_review = BoolMember(json, "has_review"),
                    .truncated = BoolMember(json, "truncated")};
  if (answer.session_id.empty()) return Internal("the answer is not that of a command");
  if (answer.exit_code && *answer.exit_code < 0) answer.exit_code.reset();  // -2, -100: it did not come to that
  return answer;
}

absl::StatusOr<StatementPage> ParseStatementPage(std::string_view body) {
  HOOP_ASSIGN_OR_RETURN(const Json json, ParseJsonObject(body));
  const Json& data = Member(json, "data");
  if (!data.is_array()) return Internal("the answer has no list of statements");
  StatementPage page;
  for (const Json& item : data) page.statements.push_back(ToStatement(item));
  page.problems = TextListMember(json, "problems");
  page.next_cursor = TextMember(json, "next_cursor");
  page.json = std::string(body);
  return page;
}

std::string CredentialsJson(std::string_view email, std::string_view password, std::string_view setup_token) {
  Json json = {{"email", email}, {"password", password}};
  if (!setup_token.empty()) json["setup_token"] = setup_token;
  return DumpJson(json);
}

}  // namespace hoop

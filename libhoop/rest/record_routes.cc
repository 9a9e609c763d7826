// What was recorded, beyond upstream's API (docs/rest.md): the stored bytes, the SQL statements, the audit key.
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/record_seal.h"
#include "rest/json.h"
#include "rest/postgres_types.h"
#include "rest/query.h"
#include "rest/routes.h"
#include "rest/session_access.h"
#include "rest/statement_list.h"

namespace hoop::rest {
namespace {

std::string KeyId(const AuditStore& audit) { return AuditKeyId(Base64Decode(audit.public_key()).value_or("")); }

absl::StatusOr<Response> GetRecord(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, FindSession(parts, request));
  HOOP_ASSIGN_OR_RETURN(const int bytes, QueryInt(request, "bytes", static_cast<int>(limits::kRestRecordPageBytes),
                                                  {1, static_cast<int>(limits::kRestRecordPageBytesMax)}));
  // The store's cursor may hold any byte, a header may not.
  const std::optional<std::string> cursor = Base64UrlDecode(request.Query("cursor"));
  if (!cursor.has_value()) return InvalidArgument("cursor: not one of ours");
  absl::StatusOr<RecordPage> page = parts.audit.ReadPage(session.head.session_id, *cursor, static_cast<size_t>(bytes));
  if (absl::IsInvalidArgument(page.status())) return InvalidArgument("cursor: not one of ours");
  HOOP_RETURN_IF_ERROR(page.status());
  Response response{.content_type = "application/octet-stream", .body = std::move(page->bytes)};
  response.headers = {{"Hoop-Audit-Key-Id", KeyId(parts.audit)},
                      {kExposeHeaders, "Hoop-Audit-Key-Id, Hoop-Next-Cursor"}};
  if (!page->next_cursor.empty()) {
    response.headers.emplace_back("Hoop-Next-Cursor", Base64UrlEncode(page->next_cursor));
  }
  return response;
}

const char* KindText(postgres::Statement::Kind kind) {
  switch (kind) {
    case postgres::Statement::Kind::kSimple:
      return "simple";
    case postgres::Statement::Kind::kExtended:
      return "extended";
    case postgres::Statement::Kind::kFunction:
      return "function";
  }
  return "unknown";
}

const char* OutcomeText(postgres::Statement::Outcome outcome) {
  switch (outcome) {
    case postgres::Statement::Outcome::kDone:
      return "done";
    case postgres::Statement::Outcome::kFailed:
      return "failed";
    case postgres::Statement::Outcome::kSuspended:
      return "suspended";
    case postgres::Statement::Outcome::kUnfinished:
      return "unfinished";
  }
  return "unknown";
}

Json StatementJson(const ListedStatement& listed) {
  const postgres::Statement& statement = listed.statement;
  Json types = Json::array();
  for (const uint32_t oid : statement.parameter_types) types.push_back(PostgresTypeName(oid));
  const bool failed = statement.outcome == postgres::Statement::Outcome::kFailed;
  return {{"number", listed.number},
          {"connection_id", listed.connection_id},
          {"kind", KindText(statement.kind)},
          {"outcome", OutcomeText(statement.outcome)},
          {"sql", statement.sql},
          {"sql_truncated", statement.sql_truncated},
          {"index", statement.index},
          {"prepared_name", statement.prepared_name},
          {"portal_name", statement.portal_name},
          {"parameter_count", statement.parameter_count},
          {"parameter_types", std::move(types)},
          {"started_at", TimeText(statement.started_at)},
          {"duration_us", absl::ToInt64Microseconds(statement.duration)},
          {"command_tag", statement.command_tag},
          {"rows", statement.rows.has_value() ? Json(*statement.rows) : Json()},
          {"copy_in_bytes", statement.copy_in_bytes},
          {"copy_out_bytes", statement.copy_out_bytes},
          {"error", failed ? Json{{"code", statement.error_code}, {"message", statement.error_message}} : Json()}};
}

absl::StatusOr<uint64_t> ReadStatementCursor(const Request& request) {
  const std::string text = request.Query("cursor");
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && (error != std::errc() || end != text.data() + text.size())) {
    return InvalidArgument("cursor: not one of ours");
  }
  return number;
}

absl::StatusOr<Response> GetStatements(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, FindSession(parts, request));
  HOOP_ASSIGN_OR_RETURN(const uint64_t first, ReadStatementCursor(request));
  HOOP_ASSIGN_OR_RETURN(const int count, QueryInt(request, "limit", static_cast<int>(limits::kRestStatements),
                                                  {1, static_cast<int>(limits::kRestStatementsMax)}));
  const StatementRange range = {
      .first = first, .count_max = static_cast<size_t>(count), .bytes_max = limits::kRestStatementsBytesMax};
  HOOP_ASSIGN_OR_RETURN(const StatementPage page, ReadStatements(parts.audit, session.head, range));
  Json list = Json::array();
  for (const ListedStatement& listed : page.statements) list.push_back(StatementJson(listed));
  return JsonAnswer(200, {{"data", std::move(list)},
                          {"next_cursor", page.next.has_value() ? std::to_string(*page.next) : ""},
                          {"problems", page.problems}});
}

}  // namespace

void AddRecordRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/sessions/:id/record", Rule::kReader, 0, Lane::kRecord,
              [&parts](const Request& request) { return GetRecord(parts, request); }});
  routes.Add({"GET", "/sessions/:id/statements", Rule::kReader, 0, Lane::kRecord,
              [&parts](const Request& request) { return GetStatements(parts, request); }});
  routes.Add({"GET", "/audit/key", Rule::kReader, 0, Lane::kShort, [&parts](const Request&) {
                return JsonAnswer(
                    200,
                    {{"id", KeyId(parts.audit)}, {"algorithm", "ed25519"}, {"public_key", parts.audit.public_key()}});
              }});
}

}  // namespace hoop::rest

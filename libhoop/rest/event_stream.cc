#include "rest/event_stream.h"

#include <utility>

#include "audit/session_head_json.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/statement_list.h"

namespace hoop::rest {

bool ShowsOutput(const SessionHead& head) {
  for (const char* native : {"postgres", "mysql", "mssql", "mongodb", "oracledb", "tcp"}) {
    if (head.wire_type == native) return false;
  }
  return true;
}

std::optional<char> EventType(RecordKind kind, bool shows_output) {
  if (kind == RecordKind::kInput) return 'i';
  const bool is_output = kind == RecordKind::kOutput || kind == RecordKind::kErrorOutput;
  return is_output && shows_output ? std::optional('o') : std::nullopt;
}

std::optional<StreamEvent> EndEvent(absl::Time ended_at, const SessionEnd& end) {
  if (end.exit_code == 0 || end.reason.empty()) return std::nullopt;
  return StreamEvent{ended_at, 'e', end.reason};
}

std::optional<StreamEvent> EndEvent(const SessionRow& session) {
  if (session.status != SessionStatus::kDone) return std::nullopt;
  return EndEvent(session.ended_at.value_or(session.head.started_at), {session.end_reason, session.exit_code});
}

namespace {

// The error with which a session ended is its last event.
void AddEnd(const SessionRow& session, EventStream& stream) {
  if (stream.truncated) return;
  if (std::optional<StreamEvent> end = EndEvent(session)) stream.events.push_back(*std::move(end));
}

}  // namespace

absl::StatusOr<EventStream> ReadEventStream(AuditStore& audit, const SessionRow& session) {
  EventStream stream;
  size_t bytes = 0;
  const bool shows_output = ShowsOutput(session.head);
  HOOP_RETURN_IF_ERROR(audit.Read(session.head.session_id, [&](const RecordEntry& entry) {
    const std::optional<char> type = EventType(entry.kind, shows_output);
    if (!type) return true;
    bytes += entry.payload.size();
    stream.truncated = bytes > limits::kRestEventStreamBytesMax;
    if (!stream.truncated) stream.events.push_back({entry.at, *type, entry.payload});
    return !stream.truncated;
  }));
  AddEnd(session, stream);
  return stream;
}

absl::StatusOr<EventStream> ReadQueryStream(AuditStore& audit, const SessionRow& session) {
  if (session.head.wire_type != "postgres") return ReadEventStream(audit, session);
  const StatementRange all = {
      .first = 0, .count_max = limits::kRestStatementsMax, .bytes_max = limits::kRestEventStreamBytesMax};
  HOOP_ASSIGN_OR_RETURN(StatementPage page, ReadStatements(audit, session.head, all));
  EventStream stream;
  for (ListedStatement& listed : page.statements) {
    stream.events.push_back({listed.statement.started_at, 'i', std::move(listed.statement.sql)});
  }
  stream.truncated = page.next.has_value();
  AddEnd(session, stream);
  return stream;
}

absl::StatusOr<SessionInput> ReadSessionInput(AuditStore& audit, const SessionRow& session) {
  SessionInput input;
  const bool is_exec = session.head.verb == "exec";  // what a terminal is told later is in its screens
  std::string& script = input.script;
  size_t visited_bytes = 0;  // input may stand behind gigabytes of output
  absl::Status given;
  HOOP_RETURN_IF_ERROR(audit.Read(session.head.session_id, [&](const RecordEntry& entry) {
    if (entry.kind == RecordKind::kInput && is_exec) script += entry.payload;
    if (entry.kind == RecordKind::kGiven) {
      SessionHead head;
      given = SessionGivenFromJson(entry.payload, head);
      input.client_args = std::move(head.client_args);
      input.client_env = std::move(head.client_env);
    }
    visited_bytes += entry.payload.size();
    return is_exec && script.size() < limits::kRestScriptBytesMax && visited_bytes < limits::kRestEventStreamBytesMax;
  }));
  HOOP_RETURN_IF_ERROR(Annotate(given, fmt::format("session {}", session.head.session_id)));
  if (script.size() > limits::kRestScriptBytesMax) script.resize(limits::kRestScriptBytesMax);
  return input;
}

absl::StatusOr<RecordedOutput> ReadOutput(AuditStore& audit, std::string_view session_id, size_t bytes_max) {
  RecordedOutput output;
  HOOP_RETURN_IF_ERROR(audit.Read(session_id, [&](const RecordEntry& entry) {
    if (entry.kind != RecordKind::kOutput && entry.kind != RecordKind::kErrorOutput) return true;
    output.bytes += entry.payload;
    output.truncated = output.bytes.size() > bytes_max;
    return !output.truncated;
  }));
  if (output.truncated) output.bytes.resize(bytes_max);
  return output;
}

}  // namespace hoop::rest

// A session's record in upstream's shapes: the script that an exec was given, and the event stream. Reads through
// AuditStore, within bounds; the whole record is served by record_routes.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/audit_store.h"
#include "store/session_table.h"

namespace hoop::rest {

struct StreamEvent {
  absl::Time at;
  char type = 'o';  // i input, o output of both kinds, e the text with which a session ended
  std::string bytes;
};

struct EventStream {
  std::vector<StreamEvent> events;
  bool truncated = false;  // longer than limits::kRestEventStreamBytesMax
};

// As what a stream shows records of a kind; nullopt: not at all.
std::optional<char> EventType(RecordKind kind, bool shows_output);
// Of native protocols the output is not shown.
bool ShowsOutput(const SessionHead& head);
// The error with which a session ended; nullopt: it ended well.
std::optional<StreamEvent> EndEvent(absl::Time ended_at, const SessionEnd& end);
std::optional<StreamEvent> EndEvent(const SessionRow& session);  // the same, and nullopt while it goes on

// Worker threads. Of native protocols the input only, of commands and terminals everything, as upstream does.
absl::StatusOr<EventStream> ReadEventStream(AuditStore& audit, const SessionRow& session);

// Instead of protocol bytes, the SQL texts (postgres; other sessions as ReadEventStream).
absl::StatusOr<EventStream> ReadQueryStream(AuditStore& audit, const SessionRow& session);

// What a session was given when it began.
struct SessionInput {
  std::vector<std::string> client_args;
  std::map<std::string, std::string> client_env;  // "envvar:NAME" -> base64
  std::string script;                             // of an exec: its stdin, as much as limits::kRestScriptBytesMax
};
absl::StatusOr<SessionInput> ReadSessionInput(AuditStore& audit, const SessionRow& session);

struct RecordedOutput {
  std::string bytes;
  bool truncated = false;
};

// What a command said, both kinds of output in the order of their arrival, up to `bytes_max`.
absl::StatusOr<RecordedOutput> ReadOutput(AuditStore& audit, std::string_view session_id, size_t bytes_max);

}  // namespace hoop::rest

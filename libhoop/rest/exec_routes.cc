// One-off commands by REST: started here, answered when they end or when the wait for them is over; then their session
// is asked for. What a command said is read back from its record.
#include <cctype>
#include <utility>

#include "base/correlation_id.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/event_stream.h"
#include "rest/json.h"
#include "rest/routes.h"
#include "rest/session_access.h"
#include "rest/session_shape.h"

namespace hoop::rest {
namespace {

constexpr int kNoExitCode = -2;  // upstream's word for it

// As peers in Go name it: FAILED_PRECONDITION is FailedPrecondition.
std::string CodeName(absl::StatusCode code) {
  if (code == absl::StatusCode::kCancelled) return "Canceled";
  std::string name;
  bool starts_word = true;
  for (const char c : absl::StatusCodeToString(code)) {
    if (c != '_') name += starts_word ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    starts_word = c == '_';
  }
  return name;
}

struct ExecResult {
  std::string output;
  std::string status = "failed";  // success, failed, running
  bool truncated = false;
  absl::Duration time;
  int exit_code = kNoExitCode;
};

Response ExecAnswer(int status, const std::string& session_id, const ExecResult& result) {
  return JsonAnswer(status, {{"has_review", false},
                             {"session_id", session_id},
                             {"output", result.output},
                             {"output_status", result.status},
                             {"truncated", result.truncated},
                             {"execution_time", absl::ToInt64Milliseconds(result.time)},
                             {"exit_code", result.exit_code},
                             {"ai_analysis", nullptr}});
}

// The record's words, and behind them why the session failed.
absl::StatusOr<ExecResult> ReadResult(const ApiParts& parts, const std::string& session_id) {
  HOOP_RETURN_IF_ERROR(parts.audit.Flush());  // the end of the session is in its row then
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, parts.store.sessions().Find(session_id));
  HOOP_ASSIGN_OR_RETURN(RecordedOutput said, ReadOutput(parts.audit, session_id, limits::kRestExecOutputBytesMax));
  ExecResult result{.output = std::move(said.bytes), .truncated = said.truncated};
  result.exit_code = session.exit_code.value_or(kNoExitCode);
  if (result.exit_code == 0) {
    result.status = "success";
  } else if (!result.truncated) {
    if (!result.output.empty() && result.output.back() != '\n') result.output += '\n';
    result.output += session.end_reason;
  }
  return result;
}

absl::StatusOr<Response> AnswerExec(const ApiParts& parts, const std::string& session_id, absl::Time begun,
                                    const std::optional<absl::Status>& ended) {
  if (!ended.has_value()) return ExecAnswer(202, session_id, {.status = "running"});
  ExecResult result;
  if (ended->ok()) {
    HOOP_ASSIGN_OR_RETURN(result, ReadResult(parts, session_id));
  } else {
    result.output = fmt::format("rpc error: code = {} desc = {}", CodeName(ended->code()), StatusText(*ended));
  }
  result.time = parts.clock.Now() - begun;
  return ExecAnswer(200, session_id, result);
}

absl::Status CheckVariables(const std::map<std::string, std::string>& variables) {
  for (const auto& [key, value] : variables) {
    if (!key.starts_with("envvar:")) return InvalidArgument("env_vars: {} does not begin with envvar:", key);
    if (!Base64Decode(value).has_value()) return InvalidArgument("env_vars: {} is not base64", key);
  }
  return absl::OkStatus();
}

absl::Status CheckNotes(const SessionNotes& notes, const ConnectionRow& connection) {
  HOOP_RETURN_IF_ERROR(CheckMetadata(notes.metadata));
  HOOP_RETURN_IF_ERROR(CheckCorrelationId("correlation_id", notes.correlation_id));
  for (const std::string& field : connection.mandatory_metadata_fields) {
    if (!notes.metadata.contains(field)) return InvalidArgument("metadata: {} is missing", field);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExecOrder> ReadOrder(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  ExecOrder order{.session_id = NewUuid(), .identity = *request.identity, .bearer = request.bearer};
  order.connection = body.Text("connection");
  order.script = body.Text("script");
  order.client_args = body.Texts("client_args");
  order.env_vars = body.TextMap("env_vars");
  order.notes.labels = body.TextMap("labels");
  order.notes.metadata = body.TextMap("metadata");
  order.notes.batch_id = body.Text("session_batch_id");
  order.notes.correlation_id = body.Text("correlation_id");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckVariables(order.env_vars));
  const Identity& identity = order.identity;
  ConnectionTable& connections = parts.store.connections();
  const auto connection = identity.is_admin
                              ? connections.Find(identity.org_id, order.connection)
                              : connections.FindVisible(identity.org_id, order.connection, identity.groups);
  if (absl::IsNotFound(connection.status())) {
    return HttpError(400, fmt::format("connection {} not found", order.connection));
  }
  HOOP_RETURN_IF_ERROR(connection.status());
  HOOP_RETURN_IF_ERROR(CheckNotes(order.notes, *connection));
  return order;
}

absl::StatusOr<Outcome> RunCommand(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ExecOrder order, ReadOrder(parts, request));
  Deferral deferral{.patience = parts.exec_wait, .lane = Lane::kRecord};
  deferral.answer = [&parts, id = order.session_id, begun = parts.clock.Now()](std::optional<absl::Status> ended) {
    return AnswerExec(parts, id, begun, ended);
  };
  deferral.start = [&parts, order = std::move(order)](Deferral::Happened ended) mutable {
    parts.exec.Run(std::move(order), std::move(ended));
  };
  return deferral;
}

// Runs what a review has approved; a session that nobody reviewed was run when it was made.
absl::StatusOr<Response> RunReviewed(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, FindSession(parts, request));
  return NotFound("session {} has no review", session.head.session_id);
}

}  // namespace

void AddExecRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"POST", "/sessions", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return RunCommand(parts, request); }});
  routes.Add({"POST", "/sessions/:id/exec", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return RunReviewed(parts, request); }});
}

}  // namespace hoop::rest

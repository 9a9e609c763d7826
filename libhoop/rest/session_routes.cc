// Sessions: list, get with the event stream, as files and live, what is said about one, kill.
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/download.h"
#include "rest/event_stream.h"
#include "rest/json.h"
#include "rest/live_events.h"
#include "rest/query.h"
#include "rest/routes.h"
#include "rest/session_access.h"
#include "rest/session_shape.h"

namespace hoop::rest {
namespace {

// A place in the list by its key: whatever begins meanwhile, and however deep it is, the next page starts there.
std::string Cursor(const SessionRow& last) {
  return Base64UrlEncode(fmt::format("{}:{}", absl::ToUnixMicros(last.head.started_at), last.head.session_id));
}

absl::StatusOr<SessionKey> ReadCursor(const std::string& cursor) {
  const std::string text = Base64UrlDecode(cursor).value_or("");
  const size_t colon = text.find(':');
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + std::min(colon, text.size()), micros);
  if (error != std::errc() || colon == std::string::npos || end != text.data() + colon ||
      !IsUuid(text.substr(colon + 1))) {
    return InvalidArgument("cursor: not one of ours");
  }
  return SessionKey{absl::FromUnixMicros(micros), text.substr(colon + 1)};
}

absl::StatusOr<SessionFilter> ReadFilter(const ApiParts& parts, const Request& request) {
  const Identity& identity = *request.identity;
  SessionFilter filter;
  if (!identity.is_admin && !identity.is_auditor) filter.owner_id = identity.user_id;
  filter.user_pattern = request.Query("user");
  filter.connection_pattern = request.Query("connection");
  filter.type_pattern = request.Query("type");
  filter.batch_id = request.Query("batch_id");
  filter.correlation_id = request.Query("correlation_id");
  HOOP_ASSIGN_OR_RETURN(filter.started_after, QueryTime(request, "start_date"));
  HOOP_ASSIGN_OR_RETURN(filter.started_before, QueryTime(request, "end_date"));
  if (filter.started_after.has_value() && !filter.started_before.has_value()) {
    filter.started_before = parts.clock.Now();
  }
  HOOP_ASSIGN_OR_RETURN(const int limit, QueryInt(request, "limit", 20, {1, std::numeric_limits<int>::max()}));
  filter.limit = std::min(limit, limits::kRestPageRowsMax);
  HOOP_ASSIGN_OR_RETURN(filter.offset, QueryInt(request, "offset", 0, {0, limits::kRestOffsetMax}));
  if (const std::string cursor = request.Query("cursor"); !cursor.empty()) {
    if (filter.offset != 0) return InvalidArgument("cursor and offset exclude each other");
    HOOP_ASSIGN_OR_RETURN(filter.older_than, ReadCursor(cursor));
  }
  return filter;
}

// Nobody reviews sessions and no ticket is bound to one here: who asks for such sessions gets none.
bool AsksForReviewed(const Request& request) {
  return !request.Query("review.status").empty() || !request.Query("review.approver").empty() ||
         !request.Query("jira_issue_key").empty();
}

struct SessionTotal {
  Json number;
  bool capped = false;
};

absl::StatusOr<SessionTotal> CountSessions(const ApiParts& parts, const Request& request, const SessionFilter& filter) {
  const std::string count = request.Query("count");
  if (count == "none") return SessionTotal();
  if (!count.empty() && count != "capped" && count != "exact") {
    return InvalidArgument("invalid \"count\" option: \"{}\" is neither capped, exact nor none", count);
  }
  const int64_t most = count == "exact" ? std::numeric_limits<int64_t>::max() : limits::kRestCountMax + 1;
  HOOP_ASSIGN_OR_RETURN(const int64_t total, parts.store.sessions().Count(request.identity->org_id, filter, most));
  if (count == "exact" || total < most) return SessionTotal{total, false};
  return SessionTotal{limits::kRestCountMax, true};
}

Response EmptyList() {
  return JsonAnswer(200, {{"data", Json::array()},
                          {"total", 0},
                          {"total_is_capped", false},
                          {"has_next_page", false},
                          {"next_cursor", ""}});
}

absl::StatusOr<Response> ListSessions(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(SessionFilter filter, ReadFilter(parts, request));
  if (AsksForReviewed(request)) return EmptyList();
  HOOP_ASSIGN_OR_RETURN(const SessionTotal total, CountSessions(parts, request, filter));
  const size_t wanted = static_cast<size_t>(filter.limit);
  ++filter.limit;  // is there a next page
  HOOP_ASSIGN_OR_RETURN(std::vector<SessionRow> rows, parts.store.sessions().List(request.identity->org_id, filter));
  if (std::any_of(rows.begin(), rows.end(), [](const SessionRow& row) { return row.status != SessionStatus::kDone; })) {
    HOOP_RETURN_IF_ERROR(parts.audit.FlushEnds());  // and not more: lists are asked for often
    HOOP_ASSIGN_OR_RETURN(rows, parts.store.sessions().List(request.identity->org_id, filter));
  }
  const bool has_next_page = rows.size() > wanted;
  if (has_next_page) rows.resize(wanted);
  Json list = Json::array();
  Subjects subjects(parts.store.users());
  for (const SessionRow& row : rows) {
    HOOP_ASSIGN_OR_RETURN(const std::string subject, subjects.Of(row.head));
    list.push_back(SessionJson(row, subject));
  }
  return JsonAnswer(200, {{"data", std::move(list)},
                          {"total", total.number},
                          {"total_is_capped", total.capped},
                          {"has_next_page", has_next_page},
                          {"next_cursor", has_next_page ? Cursor(rows.back()) : ""}});
}

bool Expands(const Request& request, std::string_view what) {
  const std::string list = "," + request.Query("expand") + ",";
  return list.find(fmt::format(",{},", what)) != std::string::npos;
}

size_t CharacterCount(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// All output and error events as one text.
std::string JoinOutput(const EventStream& stream) {
  std::string joined;
  for (const StreamEvent& event : stream.events) {
    if (event.type != 'i') joined += event.bytes;
  }
  return joined;
}

Json EventList(const EventStream& stream, absl::Time started_at) {
  Json list = Json::array();
  for (const StreamEvent& event : stream.events) {
    list.push_back(
        {absl::ToDoubleSeconds(event.at - started_at), std::string(1, event.type), Base64Encode(event.bytes)});
  }
  return list;
}

absl::Status AddEventStream(const ApiParts& parts, const SessionRow& session, const std::string& form, Json& json) {
  if (!form.empty() && form != "utf8" && form != "base64" && form != "raw-queries") {
    return InvalidArgument("invalid \"event_stream\" option: \"{}\" is neither utf8, base64 nor raw-queries", form);
  }
  HOOP_ASSIGN_OR_RETURN(const EventStream stream, form == "raw-queries" ? ReadQueryStream(parts.audit, session)
                                                                        : ReadEventStream(parts.audit, session));
  if (stream.truncated) json["metrics"] = MetricsJson(session, true);
  if (form == "utf8") {
    const std::string text = JoinOutput(stream);
    json["event_stream"] = Json::array({text});
    json["event_size"] = CharacterCount(text);
  } else if (form == "base64") {
    const std::string text = Base64Encode(JoinOutput(stream));
    json["event_stream"] = Json::array({text});
    json["event_size"] = text.size();
  } else {
    json["event_stream"] = EventList(stream, session.head.started_at);
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> GetSession(const ApiParts& parts, DownloadTokens& tokens, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(SessionRow session, FindSession(parts, request));
  if (!request.Query("extension").empty()) return OfferDownload(parts, tokens, request, session);
  HOOP_ASSIGN_OR_RETURN(session, FreshSession(parts, std::move(session)));
  Subjects subjects(parts.store.users());
  HOOP_ASSIGN_OR_RETURN(const std::string subject, subjects.Of(session.head));
  Json json = SessionJson(session, subject);
  SessionInput input;
  if (request.Query("expand").empty() || Expands(request, "session_input")) {
    HOOP_ASSIGN_OR_RETURN(input, ReadSessionInput(parts.audit, session));
  }
  json["script"] = {{"data", input.script}};
  if (!input.client_args.empty()) json["client_args"] = input.client_args;
  if (!input.client_env.empty()) json["env_vars"] = input.client_env;
  if (Expands(request, "event_stream")) {
    HOOP_RETURN_IF_ERROR(AddEventStream(parts, session, request.Query("event_stream"), json));
  }
  Response response = JsonAnswer(200, json);
  response.content_type = "application/json";
  return response;
}

// Of a session that does not run here: it ended meanwhile, or another gateway has it and alone can end it.
absl::Status RequireNotElsewhere(const ApiParts& parts, const SessionRow& session) {
  if (session.journal == parts.audit.journal()) return absl::OkStatus();
  HOOP_ASSIGN_OR_RETURN(const SessionRow fresh, FreshSession(parts, session));
  if (fresh.status == SessionStatus::kDone) return absl::OkStatus();
  return FailedPrecondition("session {} runs on another gateway of this database: end it there",
                            session.head.session_id);
}

absl::StatusOr<Response> KillSession(const ApiParts& parts, const Request& request) {
  const absl::StatusOr<SessionRow> session = FindSession(parts, request);
  if (absl::IsNotFound(session.status())) return NotFound("session not found");
  HOOP_RETURN_IF_ERROR(session.status());
  const Identity& identity = *request.identity;
  if (!identity.is_admin && !IsOwner(identity, *session)) return NotFound("session not found");
  if (session->status == SessionStatus::kDone) return NoContent();
  const absl::Status killed = parts.sessions.Kill(session->head.session_id, identity.email);
  if (absl::IsNotFound(killed)) HOOP_RETURN_IF_ERROR(RequireNotElsewhere(parts, *session));
  if (!killed.ok() && !absl::IsNotFound(killed)) return killed;
  parts.log.Info("session killed", "session", session->head.session_id, "by", identity.email);
  return NoContent();
}

absl::StatusOr<Response> SetMetadata(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::map<std::string, std::string> metadata = body.TextMap("metadata");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckMetadata(metadata));
  HOOP_ASSIGN_OR_RETURN(const SessionRow session, FindSession(parts, request));
  HOOP_RETURN_IF_ERROR(parts.store.sessions().SetMetadata(session.head.session_id, metadata));
  return NoContent();
}

}  // namespace

void AddSessionRoutes(RouteTable& routes, const ApiParts& parts) {
  auto tokens = std::make_shared<DownloadTokens>();  // offered with a session, taken by its downloads
  // The second name is the one of 2024.
  for (const char* list : {"/sessions", "/plugins/audit/sessions"}) {
    routes.Add({"GET", list, Rule::kReader, 0, Lane::kRecord,
                [&parts](const Request& request) { return ListSessions(parts, request); }});
    routes.Add({"GET", fmt::format("{}/:id", list), Rule::kReader, 0, Lane::kRecord,
                [&parts, tokens](const Request& request) { return GetSession(parts, *tokens, request); }});
  }
  for (const bool is_input : {false, true}) {
    routes.Add(
        {"GET", fmt::format("/sessions/:id/download{}", is_input ? "/input" : ""), Rule::kAnonymous, 0, Lane::kRecord,
         [&parts, tokens, is_input](const Request& request) { return Download(parts, *tokens, request, is_input); }});
  }
  routes.Add({"GET", "/sessions/:id/result/stream", Rule::kReader, 0, Lane::kRecord,
              [&parts](const Request& request) { return StreamResult(parts, request); }});
  routes.Add({"GET", "/sessions/:id/stream", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return StreamLive(parts, request); }});
  routes.Add({"PATCH", "/sessions/:id/metadata", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return SetMetadata(parts, request); }});
  routes.Add({"POST", "/sessions/:id/kill", Rule::kMember, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return KillSession(parts, request); }});
}

}  // namespace hoop::rest

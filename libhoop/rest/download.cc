#include "rest/download.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "rest/event_stream.h"
#include "rest/json.h"
#include "rest/record_text.h"
#include "rest/session_access.h"

namespace hoop::rest {
namespace {

constexpr size_t kExtensionBytesMax = 16;

bool IsFileNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool IsExtension(const std::string& text) {
  return !text.empty() && text.size() <= kExtensionBytesMax && std::all_of(text.begin(), text.end(), IsFileNameByte);
}

// Only what is known is kept: the values stand in a URL.
std::string EventTypes(const Request& request) {
  std::string types;
  for (const char type : {'i', 'o', 'e'}) {
    if (request.Query("events").find(type) != std::string::npos) types += type;
  }
  return types;
}
std::string Flag(const Request& request, const std::string& name) { return request.Query(name) == "1" ? "1" : ""; }

RecordTextForm FormOf(const Request& request) {
  RecordTextForm form;
  const std::string extension = request.Query("extension");
  if (extension.ends_with("json")) form.shape = RecordTextForm::Shape::kJson;
  if (extension.ends_with("csv")) form.shape = RecordTextForm::Shape::kCsv;
  if (const std::string types = EventTypes(request); !types.empty()) form.types = types;
  form.newline = !Flag(request, "newline").empty();
  form.with_time = !Flag(request, "event-time").empty();
  return form;
}

std::string FileName(const SessionRow& session, const std::string& extension) {
  std::string name =
      fmt::format("{}-{}-{}.{}", session.head.connection, session.head.session_id,
                  absl::FormatTime("%Y%m%d-%H%M%S", session.head.started_at, absl::UTCTimeZone()), extension);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !IsFileNameByte(c); }, '_');
  return name;
}

absl::StatusOr<Response> MakeFile(const ApiParts& parts, DownloadTokens& tokens, const Request& request,
                                  bool is_input) {
  const std::string& id = request.Parameter("id");
  HOOP_RETURN_IF_ERROR(tokens.Redeem(id, request.Query("token"), parts.clock.Now()));
  HOOP_ASSIGN_OR_RETURN(SessionRow session, parts.store.sessions().Find(id));
  HOOP_ASSIGN_OR_RETURN(session, FreshSession(parts, std::move(session)));
  const std::string extension = is_input ? "txt" : request.Query("extension");
  if (!IsExtension(extension)) return InvalidArgument("extension: no file name has it");
  Response response{.content_type = "application/octet-stream"};
  response.headers = {{"Content-Disposition", "attachment; filename=" + FileName(session, extension)}};
  RecordTextForm form = FormOf(request);
  if (is_input) form = {.types = "i"};
  response.source = std::make_shared<RecordText>(parts.audit, std::move(session), std::move(form));
  return response;
}

}  // namespace

absl::StatusOr<Response> OfferDownload(const ApiParts& parts, DownloadTokens& tokens, const Request& request,
                                       const SessionRow& session) {
  const std::string extension = request.Query("extension");
  if (!IsExtension(extension)) return InvalidArgument("invalid \"extension\" option: no file name has it");
  absl::Time expires;
  const std::string& id = session.head.session_id;
  const std::string token = tokens.Issue(id, parts.clock.Now(), &expires);
  const bool is_input = request.Query("blob-type") == "session_input";
  std::string types;
  for (const char type : EventTypes(request)) types += (types.empty() ? "" : ",") + std::string(1, type);
  const std::string url = fmt::format(
      "{}/api/sessions/{}/download{}?token={}&extension={}&newline={}&event-time={}&events={}", parts.info.api_url, id,
      is_input ? "/input" : "", token, extension, Flag(request, "newline"), Flag(request, "event-time"), types);
  return JsonAnswer(200, {{"download_url", url}, {"expire_at", TimeText(expires)}});
}

Response Download(const ApiParts& parts, DownloadTokens& tokens, const Request& request, bool is_input) {
  absl::StatusOr<Response> file = MakeFile(parts, tokens, request, is_input);
  if (file.ok()) return *std::move(file);
  const int status = HttpStatus(file.status());
  return JsonAnswer(status,
                    {{"status", status}, {"message", status == 500 ? "internal error" : StatusText(file.status())}});
}

absl::StatusOr<Response> StreamResult(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(SessionRow session, FindSession(parts, request));
  HOOP_ASSIGN_OR_RETURN(session, FreshSession(parts, std::move(session)));
  RecordTextForm form = FormOf(request);
  form.shape = RecordTextForm::Shape::kText;
  Response response{.content_type = "text/plain; charset=utf-8"};
  response.source = std::make_shared<RecordText>(parts.audit, std::move(session), std::move(form));
  return response;
}

}  // namespace hoop::rest

#include "rest/http_message.h"

#include <fmt/format.h>

#include "base/http_status.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace hoop::rest {
namespace {

constexpr char kHttpStatusUrl[] = "hoop/http-status";

}  // namespace

std::string Request::Query(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

std::string LastWords(std::string_view message) {
  const std::string body = Refusal(400, message).body;
  return fmt::format(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", kJsonType,
      body.size(), body);
}

Response NoContent() { return Response{.status = 204}; }

Response Refusal(int status, std::string_view message) {
  // Words of peers may be quoted in it: what is not UTF-8 is replaced.
  const nlohmann::json body = {{"message", message}};
  return Response{.status = status,
                  .content_type = kJsonType,
                  .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Response PlainNotFound() { return Response{.status = 404, .content_type = "text/plain", .body = "404 page not found"}; }

Response Redirect(int status, std::string_view location) {
  return Response{.status = status,
                  .content_type = "text/html; charset=utf-8",
                  .headers = {{"Location", std::string(location)}},
                  .bare = true};
}

absl::Status HttpError(int http_status, const std::string& message) {
  absl::Status status = MakeStatus(CodeOfHttpStatus(http_status), message);
  status.SetPayload(kHttpStatusUrl, absl::Cord(std::to_string(http_status)));
  return status;
}

int HttpStatus(const absl::Status& status) {
  if (const auto exact = status.GetPayload(kHttpStatusUrl)) return std::stoi(std::string(*exact));
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return 409;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kInvalidArgument:
      return 422;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

Response RefusalOf(const absl::Status& status) {
  const int http_status = HttpStatus(status);
  return Refusal(http_status, http_status == 500 ? "internal error" : StatusText(status));
}

}  // namespace hoop::rest

#include "client/api_calls.h"

#include <utility>

#include "base/http_status.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/api_json.h"
#include "client/tls_config.h"
#include "net/dialler_context.h"

namespace hoop {
namespace {

bool IsGood(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }

// Gateways say that of addresses that they do not have at all; what is missing below one is said as JSON.
bool IsUnknownRoute(const HttpResponse& response) {
  return response.status == 404 && response.body == "404 page not found";
}

absl::Status UnknownRoute(std::string_view what) {
  return MakeStatus(absl::StatusCode::kUnimplemented, fmt::format("this gateway has no {}", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiCalls>> ApiCalls::Create(const ClientConfig& config, const std::string& version,
                                                           std::optional<absl::Duration> patience) {
  if (config.api_url.empty()) return FailedPrecondition("no gateway is configured (api_url)");
  HttpClient::Options options;
  HOOP_ASSIGN_OR_RETURN(options.base_url, NormalizeApiUrl(config.api_url));
  options.bearer = config.token;
  options.user_agent = "hoopcli/" + version;
  if (patience) options.dial_time = options.answer_time = *patience;
  options.verify_tls = !config.skip_tls_verify;
  HOOP_ASSIGN_OR_RETURN(DiallerTls tls, ConfiguredTls(config));
  options.ca_pem = std::move(tls.ca);
  options.server_name = std::move(tls.server_name);
  options.credential = DiallerCredential(tls);
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> http, HttpClient::Create(std::move(options)));
  return std::unique_ptr<ApiCalls>(new ApiCalls(std::move(http)));
}

absl::StatusOr<HttpResponse> ApiCalls::Ask(std::string method, std::string_view path, std::string body) {
  return http_->Send({.method = std::move(method), .path = fmt::format("/api{}", path), .body = std::move(body)});
}

absl::StatusOr<HttpResponse> ApiCalls::Call(std::string method, std::string_view path, std::string body) {
  const std::string what = fmt::format("{} {}", method, path.substr(0, path.find('?')));
  HOOP_ASSIGN_OR_RETURN(HttpResponse response, Ask(std::move(method), path, std::move(body)));
  if (IsGood(response)) return response;
  if (IsUnknownRoute(response)) return UnknownRoute(what);
  const std::string text = RefusalText(response.body);
  return StatusF(CodeOfHttpStatus(response.status), "{}: {}{}{}", what, response.status, text.empty() ? "" : " ", text);
}

absl::StatusOr<std::string> ApiCalls::Get(std::string_view path) {
  HOOP_ASSIGN_OR_RETURN(HttpResponse response, Call("GET", path));
  return std::move(response.body);
}

absl::StatusOr<HttpResponse> ApiCalls::CallAbout(const ApiObject& object, std::string method, std::string_view path,
                                                 std::string body) {
  const std::string what = fmt::format("{} {}", method, path.substr(0, path.find('?')));
  HOOP_ASSIGN_OR_RETURN(HttpResponse response, Ask(std::move(method), path, std::move(body)));
  if (IsGood(response)) return response;
  if (IsUnknownRoute(response)) return UnknownRoute(what);
  const absl::StatusCode code = CodeOfHttpStatus(response.status);
  if (code == absl::StatusCode::kNotFound) return NotFound("{} {} not found", object.kind, object.name);
  if (code == absl::StatusCode::kAlreadyExists) return AlreadyExists("{} {} exists already", object.kind, object.name);
  std::string text = RefusalText(response.body);
  if (text.empty()) text = fmt::format("the gateway answered {}", response.status);
  return StatusF(code, "{} {}: {}", object.kind, object.name, text);
}

std::string ApiPath(std::initializer_list<std::string_view> segments) {
  std::string path;
  for (const std::string_view segment : segments) path += "/" + UrlEncode(segment);
  return path;
}

}  // namespace hoop

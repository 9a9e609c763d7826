#include "hoop/api_client.h"

#include <utility>

#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/api_json.h"
#include "client/tls_config.h"
#include "outbound/http_client.h"
#include "protocol/record_seal.h"
#include "protocol/record_stream.h"

namespace hoop {
namespace {

absl::StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 400:
    case 422:
      return absl::StatusCode::kInvalidArgument;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kAlreadyExists;
    case 408:
    case 504:
      return absl::StatusCode::kDeadlineExceeded;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    case 502:
    case 503:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string SessionPath(std::string_view id, std::string_view below = "") {
  return fmt::format("/sessions/{}{}", UrlEncode(id), below);
}

constexpr std::string_view kNextCursor = "Hoop-Next-Cursor";

}  // namespace

struct ApiClient::Parts {
  // What the gateway answers with 2xx; everything else is a status with its words.
  absl::StatusOr<HttpResponse> Call(std::string method, std::string_view path, std::string body = "");
  absl::StatusOr<std::string> Get(std::string_view path);
  // The same below one session. NotFound: there is none of that id.
  absl::StatusOr<HttpResponse> CallSession(std::string method, std::string_view id, std::string_view rest);
  // All stored bytes of a session's record, page by page, until `take` answers false.
  absl::Status ReadPages(std::string_view id, absl::FunctionRef<absl::StatusOr<bool>(std::string_view)> take);

  std::unique_ptr<HttpClient> http;
};

absl::StatusOr<HttpResponse> ApiClient::Parts::Call(std::string method, std::string_view path, std::string body) {
  const std::string what = fmt::format("{} {}", method, path.substr(0, path.find('?')));
  HOOP_ASSIGN_OR_RETURN(
      HttpResponse response,
      http->Send({.method = std::move(method), .path = fmt::format("/api{}", path), .body = std::move(body)}));
  if (response.status >= 200 && response.status < 300) return response;
  const std::string text = RefusalText(response.body);
  return StatusF(CodeOf(response.status), "{}: {}{}{}", what, response.status, text.empty() ? "" : " ", text);
}

absl::StatusOr<std::string> ApiClient::Parts::Get(std::string_view path) {
  HOOP_ASSIGN_OR_RETURN(HttpResponse response, Call("GET", path));
  return std::move(response.body);
}

absl::StatusOr<HttpResponse> ApiClient::Parts::CallSession(std::string method, std::string_view id,
                                                           std::string_view rest) {
  auto answer = Call(std::move(method), SessionPath(id, rest));
  if (absl::IsNotFound(answer.status())) return NotFound("session {} not found", id);
  return answer;
}

absl::Status ApiClient::Parts::ReadPages(std::string_view id,
                                         absl::FunctionRef<absl::StatusOr<bool>(std::string_view)> take) {
  std::string cursor;
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const HttpResponse page,
                          CallSession("GET", id, fmt::format("/record?cursor={}", UrlEncode(cursor))));
    HOOP_ASSIGN_OR_RETURN(const bool more, take(page.body));
    const std::string next(page.Header(kNextCursor));
    if (!more || next.empty()) return absl::OkStatus();
    if (next == cursor) return Internal("session {}: the record's pages do not end", id);
    cursor = next;
  }
}

ApiClient::ApiClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ApiClient::~ApiClient() = default;

absl::StatusOr<std::unique_ptr<ApiClient>> ApiClient::Create(const ClientConfig& config, const std::string& version) {
  if (config.api_url.empty()) return FailedPrecondition("no gateway is configured (api_url)");
  HttpClient::Options options;
  HOOP_ASSIGN_OR_RETURN(options.base_url, NormalizeApiUrl(config.api_url));
  options.bearer = config.token;
  options.user_agent = "hoopcli/" + version;
  options.verify_tls = !config.skip_tls_verify;
  HOOP_ASSIGN_OR_RETURN(DiallerTls tls, ConfiguredTls(config));
  options.ca_pem = std::move(tls.ca);
  auto parts = std::make_unique<Parts>();
  HOOP_ASSIGN_OR_RETURN(parts->http, HttpClient::Create(std::move(options)));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(parts)));
}

absl::StatusOr<std::string> ApiClient::AuthMethod() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get("/publicserverinfo"));
  return ParseTextMember(body, "auth_method");
}

absl::StatusOr<std::string> ApiClient::Login(std::string_view email, std::string_view password) {
  const auto answer = parts_->Call("POST", "/localauth/login", CredentialsJson(email, password));
  // An unknown account and a wrong password are one thing to the user.
  if (absl::IsNotFound(answer.status()) || absl::IsUnauthenticated(answer.status())) {
    return Unauthenticated("wrong e-mail or password");
  }
  HOOP_RETURN_IF_ERROR(answer.status());
  std::string token(answer->Header("Token"));
  if (token.empty()) return Internal("POST /localauth/login: the answer has no token");
  parts_->http->SetBearer(token);
  return token;
}

absl::StatusOr<std::string> ApiClient::GrpcUrl() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get("/serverinfo"));
  return ParseTextMember(body, "grpc_url");
}

absl::StatusOr<std::string> ApiClient::AuditKey() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get("/audit/key"));
  return ParseTextMember(body, "public_key");
}

absl::StatusOr<std::string> ApiClient::GetJson(std::string_view path) { return parts_->Get(path); }

absl::StatusOr<std::vector<ConnectionInfo>> ApiClient::Connections() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get("/connections"));
  return ParseConnections(body);
}

absl::Status ApiClient::CreateConnection(const NewConnection& connection) {
  const std::string body = NewConnectionJson(connection);
  absl::Status status = parts_->Call("POST", "/connections", body).status();
  if (absl::IsAlreadyExists(status) && connection.overwrite) {
    status = parts_->Call("PUT", "/connections/" + UrlEncode(connection.name), body).status();
  }
  return status;
}

absl::StatusOr<std::vector<AgentInfo>> ApiClient::Agents() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get("/agents"));
  return ParseAgents(body);
}

absl::StatusOr<std::string> ApiClient::CreateAgent(std::string_view name, std::string_view mode) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse response, parts_->Call("POST", "/agents", NewAgentJson(name, mode)));
  return ParseTextMember(response.body, "token");
}

absl::StatusOr<SessionList> ApiClient::Sessions(const SessionQuery& query) {
  std::string path = fmt::format("/sessions?limit={}&offset={}", query.limit, query.offset);
  const std::pair<std::string_view, std::string_view> filters[] = {
      {"user", query.user}, {"connection", query.connection}, {"type", query.type}};
  for (const auto& [name, value] : filters) {
    if (!value.empty()) path += fmt::format("&{}={}", name, UrlEncode(value));
  }
  HOOP_ASSIGN_OR_RETURN(const std::string body, parts_->Get(path));
  return ParseSessionList(body);
}

absl::StatusOr<SessionInfo> ApiClient::Session(std::string_view id) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer, parts_->CallSession("GET", id, ""));
  return ParseSession(answer.body);
}

absl::Status ApiClient::KillSession(std::string_view id) { return parts_->CallSession("POST", id, "/kill").status(); }

absl::StatusOr<StatementPage> ApiClient::Statements(std::string_view id, std::string_view cursor) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        parts_->CallSession("GET", id, fmt::format("/statements?cursor={}", UrlEncode(cursor))));
  return ParseStatementPage(answer.body);
}

absl::Status ApiClient::ReadRecord(std::string_view id, absl::FunctionRef<bool(const RecordEntry&)> visit) {
  RecordReader reader;
  bool stopped = false;
  HOOP_RETURN_IF_ERROR(parts_->ReadPages(id, [&](std::string_view bytes) -> absl::StatusOr<bool> {
    HOOP_RETURN_IF_ERROR(reader.Add(bytes, visit, &stopped));
    return !stopped;
  }));
  return stopped ? absl::OkStatus() : reader.Finish();
}

absl::StatusOr<VerifyReport> ApiClient::VerifyRecord(std::string_view id, std::string_view public_key) {
  HOOP_RETURN_IF_ERROR(AuditKeyName(public_key).status());
  RecordVerifier verifier(id, *Base64Decode(public_key));
  HOOP_RETURN_IF_ERROR(parts_->ReadPages(id, [&](std::string_view bytes) -> absl::StatusOr<bool> {
    verifier.Add(bytes);
    return true;
  }));
  return verifier.Finish();
}

absl::StatusOr<std::string> AuditKeyName(std::string_view public_key) {
  const auto raw = Base64Decode(public_key);
  if (!raw || raw->size() != 32) return InvalidArgument("audit key: not the base64 of an Ed25519 public key");
  return AuditKeyId(*raw);
}

}  // namespace hoop

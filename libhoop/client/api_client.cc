#include "hoop/api_client.h"

#include <utility>

#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/api_calls.h"
#include "client/api_json.h"
#include "protocol/record_seal.h"
#include "protocol/record_stream.h"

namespace hoop {
namespace {

constexpr std::string_view kNextCursor = "Hoop-Next-Cursor";

// `rest` behind the session's own path.
absl::StatusOr<HttpResponse> CallSession(ApiCalls& calls, std::string method, std::string_view id,
                                         std::string_view rest = "") {
  return calls.CallAbout({"session", id}, std::move(method), ApiPath({"sessions", id}) + std::string(rest));
}

// All stored bytes of a session's record, page by page, until `take` answers false.
absl::Status ReadPages(ApiCalls& calls, std::string_view id,
                       absl::FunctionRef<absl::StatusOr<bool>(std::string_view)> take) {
  std::string cursor;
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const HttpResponse page,
                          CallSession(calls, "GET", id, fmt::format("/record?cursor={}", UrlEncode(cursor))));
    HOOP_ASSIGN_OR_RETURN(const bool more, take(page.body));
    const std::string next(page.Header(kNextCursor));
    if (!more || next.empty()) return absl::OkStatus();
    if (next == cursor) return Internal("session {}: the record's pages do not end", id);
    cursor = next;
  }
}

}  // namespace

ApiClient::ApiClient(std::unique_ptr<ApiCalls> calls) : calls_(std::move(calls)) {}
ApiClient::~ApiClient() = default;

absl::StatusOr<std::unique_ptr<ApiClient>> ApiClient::Create(const ClientConfig& config, const std::string& version,
                                                             std::optional<absl::Duration> patience) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<ApiCalls> calls, ApiCalls::Create(config, version, patience));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(calls)));
}

absl::StatusOr<std::string> ApiClient::AuthMethod() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/publicserverinfo"));
  return ParseTextMember(body, "auth_method");
}

absl::StatusOr<std::string> ApiClient::Login(std::string_view email, std::string_view password) {
  const auto answer = calls_->Call("POST", "/localauth/login", CredentialsJson(email, password));
  // An unknown account and a wrong password are one thing to the user.
  if (absl::IsNotFound(answer.status()) || absl::IsUnauthenticated(answer.status())) {
    return Unauthenticated("wrong e-mail or password");
  }
  HOOP_RETURN_IF_ERROR(answer.status());
  std::string token(answer->Header("Token"));
  if (token.empty()) return Internal("POST /localauth/login: the answer has no token");
  calls_->SetBearer(token);
  return token;
}

absl::StatusOr<std::string> ApiClient::Register(std::string_view email, std::string_view password,
                                                std::string_view setup_token) {
  const auto answer = calls_->Call("POST", "/localauth/register", CredentialsJson(email, password, setup_token));
  if (absl::IsPermissionDenied(answer.status())) {
    return PermissionDenied("not the gateway's set-up token, or the first account is there already");
  }
  HOOP_RETURN_IF_ERROR(answer.status());
  std::string token(answer->Header("Token"));
  if (token.empty()) return Internal("POST /localauth/register: the answer has no token");
  calls_->SetBearer(token);
  return token;
}

absl::StatusOr<std::string> ApiClient::GrpcUrl() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/serverinfo"));
  return ParseTextMember(body, "grpc_url");
}

absl::StatusOr<std::string> ApiClient::AuditKey() {
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get("/audit/key"));
  return ParseTextMember(body, "public_key");
}

absl::StatusOr<std::string> ApiClient::GetJson(std::string_view list) { return calls_->Get(ApiPath({list})); }

absl::StatusOr<std::string> ApiClient::GetJson(std::string_view list, std::string_view kind, std::string_view name) {
  HOOP_ASSIGN_OR_RETURN(HttpResponse answer, calls_->CallAbout({kind, name}, "GET", ApiPath({list, name})));
  return std::move(answer.body);
}

absl::StatusOr<SessionList> ApiClient::Sessions(const SessionQuery& query) {
  std::string path = fmt::format("/sessions?limit={}&offset={}", query.limit, query.offset);
  for (const auto& [name, value] : query.filters) {
    if (!value.empty()) path += fmt::format("&{}={}", UrlEncode(name), UrlEncode(value));
  }
  HOOP_ASSIGN_OR_RETURN(const std::string body, calls_->Get(path));
  return ParseSessionList(body);
}

absl::StatusOr<SessionInfo> ApiClient::Session(std::string_view id) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer, CallSession(*calls_, "GET", id));
  return ParseSession(answer.body);
}

absl::Status ApiClient::KillSession(std::string_view id) { return CallSession(*calls_, "POST", id, "/kill").status(); }

absl::StatusOr<ExecAnswer> ApiClient::ExecReviewed(std::string_view id) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer, CallSession(*calls_, "POST", id, "/exec"));
  return ParseExecAnswer(answer.body);
}

absl::StatusOr<StatementPage> ApiClient::Statements(std::string_view id, std::string_view cursor) {
  HOOP_ASSIGN_OR_RETURN(const HttpResponse answer,
                        CallSession(*calls_, "GET", id, fmt::format("/statements?cursor={}", UrlEncode(cursor))));
  return ParseStatementPage(answer.body);
}

absl::Status ApiClient::ReadRecord(std::string_view id, absl::FunctionRef<bool(const RecordEntry&)> visit) {
  RecordReader reader;
  bool stopped = false;
  HOOP_RETURN_IF_ERROR(ReadPages(*calls_, id, [&](std::string_view bytes) -> absl::StatusOr<bool> {
    HOOP_RETURN_IF_ERROR(reader.Add(bytes, visit, &stopped));
    return !stopped;
  }));
  return stopped ? absl::OkStatus() : reader.Finish();
}

absl::StatusOr<VerifyReport> ApiClient::VerifyRecord(std::string_view id, std::string_view public_key) {
  HOOP_RETURN_IF_ERROR(AuditKeyName(public_key).status());
  HOOP_ASSIGN_OR_RETURN(const SessionInfo session, Session(id));
  RecordVerifier verifier(id, *Base64Decode(public_key));
  HOOP_RETURN_IF_ERROR(ReadPages(*calls_, id, [&](std::string_view bytes) -> absl::StatusOr<bool> {
    verifier.Add(bytes);
    return true;
  }));
  return verifier.Finish(session.status != "done");
}

absl::StatusOr<std::string> AuditKeyName(std::string_view public_key) {
  const auto raw = Base64Decode(public_key);
  if (!raw || raw->size() != 32) return InvalidArgument("audit key: not the base64 of an Ed25519 public key");
  return AuditKeyId(*raw);
}

}  // namespace hoop

// One call of the REST API after the other: what is not a good answer becomes a status that names what was asked for.
// Owned and used by ApiClient.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hoop/client.h"
#include "outbound/http_client.h"

namespace hoop {

// What a call is about, for its error: "connection", "orders-db".
struct ApiObject {
  std::string_view kind;
  std::string_view name;
};

// One thread at a time, which it blocks.
class ApiCalls final {
 public:
  // FailedPrecondition: no api_url. InvalidArgument: it is wrong, or a text for TLS is.
  static absl::StatusOr<std::unique_ptr<ApiCalls>> Create(const ClientConfig& config, const std::string& version,
                                                          std::optional<absl::Duration> patience);

  // `path` below /api, encoded. Every answer is a good one.
  absl::StatusOr<HttpResponse> Ask(std::string method, std::string_view path, std::string body = "");
  // A refusal is an error, which names method and path.
  absl::StatusOr<HttpResponse> Call(std::string method, std::string_view path, std::string body = "");
  absl::StatusOr<std::string> Get(std::string_view path);
  // The same about one object. NotFound and AlreadyExists say that of it; other refusals keep the gateway's words.
  absl::StatusOr<HttpResponse> CallAbout(const ApiObject& object, std::string method, std::string_view path,
                                         std::string body = "");
  void SetBearer(std::string bearer) { http_->SetBearer(std::move(bearer)); }

 private:
  explicit ApiCalls(std::unique_ptr<HttpClient> http) : http_(std::move(http)) {}

  const std::unique_ptr<HttpClient> http_;
};

// {"users", "me@example.com"} is /users/me%40example.com.
std::string ApiPath(std::initializer_list<std::string_view> segments);

}  // namespace hoop

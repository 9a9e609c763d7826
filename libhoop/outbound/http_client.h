// The one HTTP client for calls that we make: deadlines, a bound on every answer, no redirects, credentials that never
// reach an error's text. Used by client/ for the REST API and by identity/ for keys of providers.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/limits/client.h"
#include "base/limits/net.h"
#include "net/tls_context.h"

namespace httplib {
class Client;
}

namespace hoop {

class ServerTrust;

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // behind the base URL, begins with '/'; may have a query, percent-encoded
  std::string body;
  std::string content_type = "application/json";
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  std::string_view Header(std::string_view name) const;  // in any case; "" when absent
};

// Calls one server. Owned by who calls; one thread at a time, which it blocks.
class HttpClient final {
 public:
  struct Options {
    std::string base_url;  // http(s)://host[:port][/path], without a slash at its end
    std::string bearer;    // empty: none
    std::string user_agent;
    absl::Duration dial_time = limits::kDialTime;
    absl::Duration answer_time = limits::kHttpAnswerTime;  // for the whole answer
    size_t body_bytes_max = limits::kHttpBodyBytesMax;     // of an answer
    std::string ca_pem;                                    // instead of the machine's authorities
    TlsCredential credential;                              // who we are, for servers that ask
    std::string server_name;                               // whom the certificate is for; empty: the URL's host
    bool verify_tls = true;
  };

  // InvalidArgument: not such a URL, or not such certificates.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(Options options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer of the server is a good one, a redirect too. Unavailable: it cannot be reached. FailedPrecondition:
  // its certificate is not good. DeadlineExceeded: it took too long. ResourceExhausted: the answer is too large. The
  // text names method and path.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

  // From now on.
  void SetBearer(std::string bearer) { options_.bearer = std::move(bearer); }

 private:
  HttpClient(Options options, std::string base_path, std::unique_ptr<ServerTrust> trust,
             std::unique_ptr<httplib::Client> client);

  Options options_;
  const std::string base_path_;
  const std::unique_ptr<ServerTrust> trust_;  // null: plain
  const std::unique_ptr<httplib::Client> client_;
};

// Percent-encodes everything that does not stand for itself in a path segment or a query value.
std::string UrlEncode(std::string_view text);

}  // namespace hoop

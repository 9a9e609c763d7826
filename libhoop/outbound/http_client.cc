#include "outbound/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/status.h"
#include "base/status_macros.h"
#include "outbound/server_trust.h"

namespace hoop {
namespace {

struct Url {
  std::string server;  // scheme://host[:port]
  std::string path;    // "" or "/base"
};

absl::StatusOr<Url> SplitUrl(std::string_view url) {
  const size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
  if (scheme != "http" && scheme != "https") return InvalidArgument("base URL: neither http:// nor https://");
  const size_t path = std::min(url.find('/', scheme_end + 3), url.size());
  const std::string_view host = url.substr(scheme_end + 3, path - scheme_end - 3);
  // A user would be sent to whoever answers, and would be in every error.
  if (host.empty() || host.find_first_of("@?# ") != std::string_view::npos) {
    return InvalidArgument("base URL: no host, or more than a host and a port");
  }
  return Url{std::string(url.substr(0, path)), std::string(url.substr(path))};
}

// host of "https://host:port" and "https://[::1]:port".
std::string HostOf(std::string_view server) {
  server.remove_prefix(server.find("://") + 3);
  if (server.starts_with('[')) return std::string(server.substr(1, server.find(']') - 1));
  return std::string(server.substr(0, server.rfind(':')));
}

absl::StatusCode CodeOf(httplib::Error error) {
  return error == httplib::Error::Read || error == httplib::Error::Write || error == httplib::Error::ConnectionTimeout
             ? absl::StatusCode::kDeadlineExceeded
             : absl::StatusCode::kUnavailable;
}

std::string_view TextOf(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
      return "cannot connect";
    case httplib::Error::ConnectionTimeout:
      return "cannot connect in time";
    case httplib::Error::Read:
      return "no answer";
    case httplib::Error::Write:
      return "cannot send";
    case httplib::Error::SSLConnection:
      return "TLS handshake failed; does the server speak TLS (https://) there?";
    default:
      return "broken answer";
  }
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(Options options) {
  HOOP_ASSIGN_OR_RETURN(Url url, SplitUrl(options.base_url));
  auto client = std::make_unique<httplib::Client>(url.server);
  if (!client->is_valid()) return InvalidArgument("base URL: not a host and a port");
  client->set_follow_location(false);
  client->set_keep_alive(true);
  client->set_url_encode(false);  // paths come encoded
  client->set_decompress(false);  // nothing is asked for compressed, and the bound counts what comes
  client->set_connection_timeout(absl::ToChronoMilliseconds(options.dial_time));
  client->set_read_timeout(absl::ToChronoMilliseconds(options.answer_time));
  client->set_write_timeout(absl::ToChronoMilliseconds(options.answer_time));
  client->enable_server_certificate_verification(false);  // `trust` does it, inside the handshake
  std::unique_ptr<ServerTrust> trust;
  if (url.server.starts_with("https")) {
    const TlsClientOptions tls{.verify = options.verify_tls ? TlsVerify::kFull : TlsVerify::kNone,
                               .ca_pem = options.ca_pem,
                               .ca_name = "TLS_CA",
                               .credential = options.credential};
    HOOP_ASSIGN_OR_RETURN(trust,
                          ServerTrust::Create(client->ssl_context(), tls,
                                              options.server_name.empty() ? HostOf(url.server) : options.server_name));
  }
  return std::unique_ptr<HttpClient>(
      new HttpClient(std::move(options), std::move(url.path), std::move(trust), std::move(client)));
}

HttpClient::HttpClient(Options options, std::string base_path, std::unique_ptr<ServerTrust> trust,
                       std::unique_ptr<httplib::Client> client)
    : options_(std::move(options)),
      base_path_(std::move(base_path)),
      trust_(std::move(trust)),
      client_(std::move(client)) {}

HttpClient::~HttpClient() = default;

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  httplib::Request call;
  call.method = request.method;
  call.path = base_path_ + request.path;
  call.body = request.body;
  if (!options_.bearer.empty()) call.headers.emplace("Authorization", "Bearer " + options_.bearer);
  if (!options_.user_agent.empty()) call.headers.emplace("User-Agent", options_.user_agent);
  if (!request.body.empty() || request.method == "POST") call.headers.emplace("Content-Type", request.content_type);
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.answer_time);
  std::string body;
  absl::Status cut;
  // The library's own time limits are per read: a server that drips would never reach them.
  call.content_receiver = [&](const char* bytes, size_t size, uint64_t, uint64_t) {
    if (body.size() + size > options_.body_bytes_max) {
      cut = ResourceExhausted("the answer is larger than {} bytes", options_.body_bytes_max);
    } else if (std::chrono::steady_clock::now() > deadline) {
      cut = DeadlineExceeded("no complete answer within {}", absl::FormatDuration(options_.answer_time));
    } else {
      body.append(bytes, size);
    }
    return cut.ok();
  };
  const httplib::Result result = client_->send(call);
  const std::string what = fmt::format("{} {}", request.method, call.path.substr(0, call.path.find('?')));
  if (!cut.ok()) return Annotate(cut, what);
  if (!result && result.error() == httplib::Error::SSLConnection && trust_ != nullptr && !trust_->problem().empty()) {
    return FailedPrecondition("{}: the server's certificate is not trusted: {}", what, trust_->problem());
  }
  if (!result) return StatusF(CodeOf(result.error()), "{}: {} ({})", what, TextOf(result.error()), options_.base_url);
  HttpResponse response{.status = result->status, .body = std::move(body)};
  for (const auto& [name, value] : result->headers) response.headers.emplace_back(name, value);
  return response;
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

}  // namespace hoop

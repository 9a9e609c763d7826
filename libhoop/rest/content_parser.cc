#include "rest/content_parser.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/limits/http.h"
#include "rest/http_message.h"

namespace hoop::rest {
namespace {

// A request that lies in memory; what is answered to it is dropped.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view request) : left_(request) {}

  std::optional<Content> content;  // set by the one route

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* target, size_t size) override {
    const size_t count = std::min(size, left_.size());
    std::memcpy(target, left_.data(), count);
    left_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char*, size_t size) override { return static_cast<ssize_t>(size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view left_;
};

// cpp-httplib gives the text behind the last '=' as the value; only the first one separates.
std::string EscapeFurtherEquals(std::string_view query) {
  std::string escaped;
  bool in_value = false;
  for (const char c : query) {
    if (c == '&') in_value = false;
    if (c == '=' && in_value) {
      escaped += "%3D";
      continue;
    }
    if (c == '=') in_value = true;
    escaped += c;
  }
  return escaped;
}

}  // namespace

class ContentParser::Server final : public httplib::Server {
 public:
  Server() {
    set_payload_max_length(limits::kRestBodyBytesMax);
    Post("/", [](const httplib::Request& request, httplib::Response&) {
      Content content;
      for (const auto& [key, value] : request.params) content.query.emplace(key, value);
      content.body = request.body;
      *current_ = std::move(content);
    });
    // Never its words in an answer.
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) { response.status = 400; });
  }

  std::optional<Content> Run(const std::string& request) {
    MemoryStream stream(request);
    std::optional<Content> content;
    current_ = &content;
    bool closed = false;
    process_request(stream, true, closed, nullptr);
    current_ = nullptr;
    return content;
  }

 private:
  // The library's route function gets no context of the call: it runs on the thread that calls Run.
  static thread_local std::optional<Content>* current_;
};

thread_local std::optional<Content>* ContentParser::Server::current_ = nullptr;

// The library's constructor sets SIGPIPE to be ignored for the whole process, which is the host's to decide.
ContentParser::ContentParser() {
  struct sigaction before;
  ::sigaction(SIGPIPE, nullptr, &before);
  server_ = std::make_unique<Server>();
  ::sigaction(SIGPIPE, &before, nullptr);
}
ContentParser::~ContentParser() = default;

absl::StatusOr<Content> ContentParser::Parse(std::string_view query, std::string_view body) const {
  std::string request =
      fmt::format("POST /?{} HTTP/1.1\r\nContent-Length: {}\r\n\r\n", EscapeFurtherEquals(query), body.size());
  request += body;
  std::optional<Content> content = server_->Run(request);
  if (!content.has_value()) return HttpError(400, "the query or the body cannot be read");
  return *std::move(content);
}

}  // namespace hoop::rest

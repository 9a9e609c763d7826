#include "rest/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/limits/http.h"
#include "base/limits/wire.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "rest/http_message.h"

namespace hoop::rest {
namespace {

bool IsTokenChar(unsigned char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool IsToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar); }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&lower](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The next line without its CRLF. A bare CR or LF is never a line's end.
absl::StatusOr<std::string_view> TakeLine(std::string_view& head) {
  const size_t end = head.find("\r\n");
  if (end == std::string_view::npos) return HttpError(400, "a line of the head has no end");
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end + 2);
  if (line.find_first_of("\r\n") != std::string_view::npos) return HttpError(400, "a line of the head has no end");
  return line;
}

absl::Status ParseRequestLine(std::string_view line, RequestHead& head) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return HttpError(400, "the request line is malformed");
  const std::string_view method = line.substr(0, first), version = line.substr(last + 1);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!IsToken(method)) return HttpError(400, "the method is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return HttpError(505, "HTTP/1.1 is spoken here");
  if (target.size() > limits::kHttpTargetBytesMax) return HttpError(414, "the request line is too long");
  const auto printable = [](unsigned char c) { return c > ' ' && c < 0x7f; };
  const bool asterisk = target == "*" && method == "OPTIONS";
  if (!std::all_of(target.begin(), target.end(), printable) || target.empty() || (target[0] != '/' && !asterisk) ||
      target.find('#') != std::string_view::npos) {
    return HttpError(400, "the request target is malformed");
  }
  const size_t question = target.find('?');
  head.method = method;
  head.path = target.substr(0, question);
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  head.keep_alive = head.takes_chunks = version == "HTTP/1.1";
  return absl::OkStatus();
}

// What was seen of the headers that may stand once.
struct Seen {
  bool host = false;
  bool content_length = false;
};

absl::Status TakeOnce(bool& seen, std::string_view name) {
  if (seen) return HttpError(400, fmt::format("header {}: given twice", name));
  seen = true;
  return absl::OkStatus();
}

absl::Status ParseContentLength(std::string_view value, RequestHead& head) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const char* const end = value.data() + value.size();
  const auto [parsed, error] = std::from_chars(value.data(), end, head.content_length);
  if (value.empty() || !std::all_of(value.begin(), value.end(), digit) || error != std::errc() || parsed != end) {
    return HttpError(400, "header Content-Length: not a number");
  }
  return absl::OkStatus();
}

absl::Status ParseConnection(std::string_view value, RequestHead& head) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    if (EqualsIgnoreCase(Trim(value.substr(0, comma)), "close")) head.keep_alive = false;
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
  return absl::OkStatus();
}

absl::Status ParseHeader(std::string_view line, Seen& seen, RequestHead& head) {
  const size_t colon = line.find(':');
  // A blank in front of the colon and a folded line both end here: neither is a token.
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    return HttpError(400, "a header is malformed");
  }
  const std::string_view name = line.substr(0, colon), value = Trim(line.substr(colon + 1));
  if (EqualsIgnoreCase(name, "Host")) return TakeOnce(seen.host, "Host");
  if (EqualsIgnoreCase(name, "Content-Length")) {
    HOOP_RETURN_IF_ERROR(TakeOnce(seen.content_length, "Content-Length"));
    return ParseContentLength(value, head);
  }
  if (EqualsIgnoreCase(name, "Transfer-Encoding")) {
    return HttpError(411, "header Transfer-Encoding: bodies need a Content-Length here");
  }
  if (EqualsIgnoreCase(name, "Content-Encoding") && !EqualsIgnoreCase(value, "identity")) {
    return HttpError(415, "header Content-Encoding: bodies are read as they are");
  }
  if (EqualsIgnoreCase(name, "Authorization")) {
    if (head.authorization.has_value()) return HttpError(400, "header Authorization: given twice");
    head.authorization = value;
  }
  if (EqualsIgnoreCase(name, "Expect")) {
    if (!EqualsIgnoreCase(value, "100-continue")) return HttpError(417, "header Expect: not understood");
    head.expects_continue = true;
  }
  if (EqualsIgnoreCase(name, "Connection")) return ParseConnection(value, head);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<size_t>> FindHeadEnd(std::string_view bytes, size_t& scanned) {
  for (; scanned < bytes.size() && scanned < limits::kHeaderBlockBytesMax; ++scanned) {
    const unsigned char c = bytes[scanned];
    if (c == '\n' && scanned >= 3 && bytes.substr(scanned - 3, 4) == "\r\n\r\n") return std::optional(scanned + 1);
    // Random bytes and TLS are told so at once instead of at the deadline.
    const bool fits = scanned == 0 ? IsTokenChar(c) : c == '\t' || c == '\r' || c == '\n' || (c >= ' ' && c != 0x7f);
    if (!fits) return HttpError(400, "this is not HTTP");
  }
  if (scanned >= limits::kHeaderBlockBytesMax) return HttpError(431, "the head is too long");
  return std::optional<size_t>();
}

absl::StatusOr<RequestHead> ParseHead(std::string_view bytes) {
  RequestHead head;
  Seen seen;
  HOOP_ASSIGN_OR_RETURN(const std::string_view request_line, TakeLine(bytes));
  HOOP_RETURN_IF_ERROR(ParseRequestLine(request_line, head));
  const bool is_old = !head.keep_alive;  // HTTP/1.0: one request, and no Host needed
  for (size_t lines = 0;; ++lines) {
    HOOP_ASSIGN_OR_RETURN(const std::string_view line, TakeLine(bytes));
    if (line.empty()) break;
    if (lines == limits::kHttpHeaderLinesMax) return HttpError(431, "the head has too many lines");
    HOOP_RETURN_IF_ERROR(ParseHeader(line, seen, head));
  }
  if (!seen.host && !is_old) return HttpError(400, "header Host: missing");
  return head;
}

std::optional<std::string> DecodeSegment(std::string_view segment) {
  std::string decoded;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded += segment[i];
      continue;
    }
    const std::optional<std::string> byte = HexDecode(segment.substr(i + 1, 2));
    if (!byte.has_value() || byte->size() != 1) return std::nullopt;
    decoded += *byte;
    i += 2;
  }
  const auto refused = [](unsigned char c) { return c < ' ' || c == 0x7f || c == '/' || c == '\\'; };
  if (decoded == "." || decoded == ".." || std::any_of(decoded.begin(), decoded.end(), refused)) return std::nullopt;
  if (!IsUtf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace hoop::rest

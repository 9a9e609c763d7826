// The head of an HTTP/1.1 request, read strictly: what another program in front of us could read differently is
// refused. Pure functions over bytes; called by HttpConnection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop::rest {

// A value.
struct RequestHead {
  std::string method;
  std::string path;   // as sent, without the query; begins with '/', or is "*"
  std::string query;  // as sent, without '?'
  std::optional<std::string> authorization;
  uint64_t content_length = 0;
  bool keep_alive = true;
  bool takes_chunks = true;  // HTTP/1.1
  bool expects_continue = false;
};

// Where the head ends (behind its empty line), or nullopt: more is needed. `scanned` remembers how far earlier calls
// have looked; begin with 0. Status with an HTTP number (http_message.h): a byte that no head has, or too much.
absl::StatusOr<std::optional<size_t>> FindHeadEnd(std::string_view bytes, size_t& scanned);

// `head` is one whole head with its empty line. Errors carry their HTTP number.
absl::StatusOr<RequestHead> ParseHead(std::string_view head);

// Percent-decodes one segment of a path. nullopt: half an escape, bytes that are not UTF-8, a control byte, a slash,
// or a segment that walks ("." and "..").
std::optional<std::string> DecodeSegment(std::string_view segment);

}  // namespace hoop::rest

#include "protocol/postgres/message_head.h"

#include <algorithm>

#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/byte_order.h"

namespace hoop::postgres {
namespace {

// Parse, Query, Bind, Execute, Describe, Close, FunctionCall; CommandComplete, ErrorResponse, ParameterDescription,
// ReadyForQuery. Never a password, a row or a piece of COPY.
bool KeepsBody(Sender sender, MessageHeads::Bodies bodies, const FramePiece& piece) {
  const bool is_password = sender == Sender::kFrontend && piece.type == 'p';
  if (bodies == MessageHeads::Bodies::kAll) return !is_password;
  if (piece.kind != FrameKind::kTyped) return false;
  const std::string_view types = sender == Sender::kFrontend ? "PQBEDCF" : "CEtZ";
  return types.find(piece.type) != std::string_view::npos;
}

}  // namespace

absl::StatusOr<const MessageHead*> MessageHeads::Next(std::string_view& input) {
  while (true) {
    HOOP_ASSIGN_OR_RETURN(const std::optional<FramePiece> piece, reader_.Next(input));
    if (!piece) return nullptr;
    std::string_view body = piece->bytes;
    if (piece->first) {
      head_.kind = piece->kind;
      head_.type = piece->type;
      head_.body_bytes = piece->frame_bytes - piece->header_bytes;
      head_.body.clear();
      body.remove_prefix(piece->header_bytes);
    }
    if (KeepsBody(sender_, bodies_, *piece)) {
      head_.body.append(body.substr(0, limits::kStatementTextBytesMax - head_.body.size()));
    }
    head_.cut = head_.body.size() < head_.body_bytes;
    if (piece->last) return &head_;
  }
}

absl::StatusOr<std::string_view> HeadFields::Text() {
  const size_t end = rest_.find('\0');
  if (end == std::string_view::npos) {
    if (!cut_) return InvalidArgument("message ends inside a text");
    missed_ = true;
    return std::exchange(rest_, {});
  }
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return text;
}

absl::StatusOr<std::string_view> HeadFields::Bytes(size_t size) {
  if (rest_.size() < size) {
    if (!cut_) return InvalidArgument("message ends inside a number");
    missed_ = true;
    rest_ = {};
    return std::string_view();
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

absl::StatusOr<uint16_t> HeadFields::Uint16() {
  HOOP_ASSIGN_OR_RETURN(const std::string_view bytes, Bytes(2));
  return bytes.empty() ? 0 : ReadUint16(bytes, 0);
}

absl::StatusOr<uint32_t> HeadFields::Uint32() {
  HOOP_ASSIGN_OR_RETURN(const std::string_view bytes, Bytes(4));
  return bytes.empty() ? 0 : ReadUint32(bytes, 0);
}

absl::StatusOr<char> HeadFields::Byte() {
  HOOP_ASSIGN_OR_RETURN(const std::string_view bytes, Bytes(1));
  return bytes.empty() ? '\0' : bytes[0];
}

absl::Status HeadFields::Skip(size_t size) { return Bytes(size).status(); }

}  // namespace hoop::postgres

#include "protocol/postgres/framing.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/byte_order.h"
#include "protocol/postgres/messages.h"

namespace hoop::postgres {
namespace {

constexpr size_t kUntypedHeaderBytes = 8;   // length, code
constexpr size_t kTypedHeaderBytes = 5;     // type, length
constexpr uint32_t kTlsHandshake = 0x1603;  // how a TLS connection begins

}  // namespace

FrameReader::FrameReader(Sender sender) : sender_(sender), typed_(sender == Sender::kBackend) {}

absl::StatusOr<std::optional<FramePiece>> FrameReader::Next(std::string_view& input) {
  HOOP_RETURN_IF_ERROR(broken_);
  if (input.empty()) return std::nullopt;
  if (body_left_ > 0) return TakeBody(input);
  if (header_.empty() && encryption_answers_ > 0) {
    --encryption_answers_;
    // A server that does not know the request answers with an ErrorResponse: an ordinary message.
    if (input.front() == 'N' || input.front() == 'S') return TakeEncryptionAnswer(input);
  }

  const size_t header_bytes = typed_ ? kTypedHeaderBytes : kUntypedHeaderBytes;
  const bool header_in_input = header_.empty() && input.size() >= header_bytes;
  if (!header_in_input) {
    const size_t taken = std::min(header_bytes - header_.size(), input.size());
    header_.append(input.substr(0, taken));
    input.remove_prefix(taken);
    if (header_.size() < header_bytes) return std::nullopt;
  }
  broken_ = Begin(header_in_input ? input.substr(0, header_bytes) : std::string_view(header_));
  HOOP_RETURN_IF_ERROR(broken_);

  FramePiece piece = current_;
  piece.first = true;
  if (header_in_input) {
    piece.bytes = input.substr(0, std::min(current_.frame_bytes, input.size()));
    input.remove_prefix(piece.bytes.size());
  } else {
    split_header_ = std::exchange(header_, {});
    piece.bytes = split_header_;
  }
  body_left_ = current_.frame_bytes - piece.bytes.size();
  piece.last = body_left_ == 0;
  return piece;
}

absl::Status FrameReader::Begin(std::string_view header) {
  current_ = FramePiece{};
  return typed_ ? BeginTyped(header) : BeginUntyped(header);
}

absl::Status FrameReader::BeginUntyped(std::string_view header) {
  const uint32_t length = ReadUint32(header, 0);
  const uint32_t code = ReadUint32(header, 4);
  if (length >> 16 == kTlsHandshake) {
    return FailedPrecondition(
        "client begins with TLS without asking (sslnegotiation=direct); this end speaks none: use sslmode=disable");
  }
  if (length < kUntypedHeaderBytes || length > limits::kPostgresStartupBytesMax) {
    return InvalidArgument("not a PostgreSQL start-up message: its length is {}", length);
  }
  current_.frame_bytes = length;
  current_.header_bytes = kUntypedHeaderBytes;
  if (code == kSslRequestCode || code == kGssEncRequestCode) {
    if (length != kUntypedHeaderBytes) return InvalidArgument("encryption request of {} bytes", length);
    if (++encryption_requests_ > limits::kPostgresEncryptionRequestsMax) {
      return ResourceExhausted("more than {} encryption requests", limits::kPostgresEncryptionRequestsMax);
    }
    current_.kind = code == kSslRequestCode ? FrameKind::kSslRequest : FrameKind::kGssEncRequest;
  } else if (code == kCancelRequestCode) {
    current_.kind = FrameKind::kCancelRequest;
  } else if (code >> 16 == 3) {
    current_.kind = FrameKind::kStartup;
    typed_ = true;
  } else {
    return InvalidArgument("start-up message asks for protocol {}.{}, only 3 is supported", code >> 16, code & 0xffff);
  }
  return absl::OkStatus();
}

absl::Status FrameReader::BeginTyped(std::string_view header) {
  const unsigned char type = static_cast<unsigned char>(header[0]);
  const uint32_t length = ReadUint32(header, 1);
  const std::string_view sender = sender_ == Sender::kFrontend ? "client" : "server";
  if (!(type < 0x80 && std::isalnum(type))) {
    return InvalidArgument("not a PostgreSQL message of the {}: its type is {:#04x}", sender, type);
  }
  if (length < 4) {
    return InvalidArgument("message {} of the {} has length {}", static_cast<char>(type), sender, length);
  }
  if (length >= limits::kPostgresFrameBytesMax) {
    return ResourceExhausted("message {} of the {} has {} bytes, at most {} are allowed", static_cast<char>(type),
                             sender, length, limits::kPostgresFrameBytesMax);
  }
  current_.kind = FrameKind::kTyped;
  current_.type = static_cast<char>(type);
  current_.frame_bytes = size_t{length} + 1;
  current_.header_bytes = kTypedHeaderBytes;
  return absl::OkStatus();
}

FramePiece FrameReader::TakeBody(std::string_view& input) {
  FramePiece piece = current_;
  piece.bytes = input.substr(0, std::min(body_left_, input.size()));
  input.remove_prefix(piece.bytes.size());
  body_left_ -= piece.bytes.size();
  piece.last = body_left_ == 0;
  return piece;
}

FramePiece FrameReader::TakeEncryptionAnswer(std::string_view& input) {
  FramePiece piece;
  piece.kind = FrameKind::kEncryptionAnswer;
  piece.type = input.front();
  piece.frame_bytes = 1;
  piece.first = piece.last = true;
  piece.bytes = input.substr(0, 1);
  input.remove_prefix(1);
  return piece;
}

}  // namespace hoop::postgres

#include "client/local_protocol.h"

#include "base/limits/postgres.h"
#include "base/status.h"

namespace hoop {

namespace {

constexpr LocalProtocol kProtocols[] = {
    {"postgres", packet::kAgentPostgresWrite, packet::kClientPostgresWrite, 5433, false, true},
    {"tcp", packet::kAgentTcpWrite, packet::kClientTcpWrite, 8999, true, false},
};

}  // namespace

std::span<const LocalProtocol> LocalProtocols() { return kProtocols; }

std::optional<LocalProtocol> FindLocalProtocol(std::string_view connection_type) {
  for (const LocalProtocol& protocol : kProtocols) {
    if (protocol.connection_type == connection_type) return protocol;
  }
  return std::nullopt;
}

absl::Status PostgresRequests::Add(std::string_view bytes, absl::FunctionRef<void(std::string_view)> emit) {
  const std::string_view all = bytes;
  absl::Status status;
  // Without whole messages only the beginning is looked at. Whether it is good is for the agent to say, in words of the
  // protocol; but a program that speaks TLS could not read them.
  while (status.ok() && (whole_messages_ || !started_)) {
    auto piece = reader_.Next(bytes);
    if (!piece.ok()) {
      started_ = true;
      status = piece.status();
    } else if (!*piece) {
      break;
    } else {
      is_cancel_ = is_cancel_ || (*piece)->kind == postgres::FrameKind::kCancelRequest;
      started_ = (*piece)->kind == postgres::FrameKind::kStartup || (*piece)->kind == postgres::FrameKind::kTyped;
      if (whole_messages_) status = AddPiece(**piece, emit);
    }
  }
  if (whole_messages_ || absl::IsFailedPrecondition(status)) return status;
  emit(all);
  return absl::OkStatus();
}

absl::Status PostgresRequests::AddPiece(const postgres::FramePiece& piece,
                                        absl::FunctionRef<void(std::string_view)> emit) {
  if (piece.frame_bytes > limits::kPostgresPacketFrameBytesMax) {
    return ResourceExhausted("message of {} bytes, this gateway takes {}", piece.frame_bytes,
                             limits::kPostgresPacketFrameBytesMax);
  }
  if (piece.first && piece.last) {
    emit(piece.bytes);
    return absl::OkStatus();
  }
  message_ += piece.bytes;
  if (!piece.last) return absl::OkStatus();
  emit(message_);
  message_.clear();
  if (message_.capacity() > limits::kMiB) message_.shrink_to_fit();
  return absl::OkStatus();
}

}  // namespace hoop

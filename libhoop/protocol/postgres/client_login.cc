#include "protocol/postgres/client_login.h"

#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::postgres {

absl::Status ClientLogin::OnClientBytes(std::string_view bytes) {
  while (!startup_ && !cancel_request_) {
    HOOP_ASSIGN_OR_RETURN(const std::optional<FramePiece> piece, reader_.Next(bytes));
    if (!piece) return absl::OkStatus();
    message_.append(piece->bytes);
    if (piece->last) HOOP_RETURN_IF_ERROR(OnMessage(piece->kind, std::exchange(message_, {})));
  }
  if (rest_.size() + bytes.size() > limits::kPostgresEarlyBytesMax) {
    return ResourceExhausted("client sent more than {} bytes before its login was done",
                             limits::kPostgresEarlyBytesMax);
  }
  rest_.append(bytes);
  return absl::OkStatus();
}

absl::Status ClientLogin::OnMessage(FrameKind kind, std::string message) {
  switch (kind) {
    case FrameKind::kSslRequest:
    case FrameKind::kGssEncRequest:
      for_client_.emplace_back("N");
      return absl::OkStatus();
    case FrameKind::kCancelRequest:
      HOOP_RETURN_IF_ERROR(ParseCancelRequest(message).status());
      cancel_request_ = std::move(message);
      return absl::OkStatus();
    default:
      break;  // the reader gives nothing but a start-up message here
  }
  HOOP_ASSIGN_OR_RETURN(startup_, ParseStartup(message));
  return absl::OkStatus();
}

}  // namespace hoop::postgres

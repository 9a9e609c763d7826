// What a listener has to know of the protocol behind it. Used by ConnectRun and LocalConnection.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "protocol/postgres/framing.h"
#include "wire/packet_types.h"

namespace hoop {

// A constant per connection type.
struct LocalProtocol {
  std::string_view connection_type;
  packet::Type to_agent;
  packet::Type from_agent;
  uint16_t default_port;
  bool announces_connect;  // the target may speak first: an empty packet opens it
  bool is_postgres;
};

// All of them.
std::span<const LocalProtocol> LocalProtocols();
// Nullopt: this type has no local listener.
std::optional<LocalProtocol> FindLocalProtocol(std::string_view connection_type);

// Turns what a PostgreSQL client says into packets' payloads: as it came, or, for peers without `chunks`, one message
// each; notices a CancelRequest on the way. Owned by a LocalConnection; loop thread.
class PostgresRequests final {
 public:
  explicit PostgresRequests(bool whole_messages) : whole_messages_(whole_messages) {}

  // Calls `emit` with each payload. FailedPrecondition: the client begins with TLS. InvalidArgument, ResourceExhausted:
  // not this protocol, or a message above limits::kPostgresPacketFrameBytesMax; only where messages have to be whole.
  absl::Status Add(std::string_view bytes, absl::FunctionRef<void(std::string_view)> emit);

  // The connection is there to cancel a query of another one: its user waits for the end of it and nothing else.
  bool is_cancel() const { return is_cancel_; }

 private:
  absl::Status AddPiece(const postgres::FramePiece& piece, absl::FunctionRef<void(std::string_view)> emit);

  const bool whole_messages_;
  bool is_cancel_ = false;
  bool started_ = false;  // past the messages that a CancelRequest may be among
  postgres::FrameReader reader_{postgres::Sender::kFrontend};
  std::string message_;  // not complete yet
};

}  // namespace hoop

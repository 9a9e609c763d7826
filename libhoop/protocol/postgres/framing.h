// Cuts a stream of PostgreSQL protocol bytes into messages without collecting them: the bytes of a body flow through
// as they come, so a row or a COPY of any size costs no memory. Used by the connectors of agent and client on the
// packet's way, by client_login, server_login and statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop::postgres {

enum class Sender { kFrontend, kBackend };

enum class FrameKind {
  kStartup,           // untyped: length, protocol version, parameters
  kSslRequest,        // untyped, 8 bytes
  kGssEncRequest,     // untyped, 8 bytes
  kCancelRequest,     // untyped: length, code, process id, key
  kEncryptionAnswer,  // one byte of the server: 'N' or 'S'
  kTyped,             // type, length, body
};

// A part of one message, in order. The parts of a message joined are the message exactly as it came.
struct FramePiece {
  FrameKind kind = FrameKind::kTyped;
  char type = 0;            // of a typed message; for kEncryptionAnswer the byte itself
  size_t frame_bytes = 0;   // the whole message, header included
  size_t header_bytes = 0;  // how many of frame_bytes are in front of the body: 0, 5 or 8
  bool first = false;       // begins the message; holds the whole header
  bool last = false;        // ends the message
  std::string_view bytes;   // valid until the next call of Next
};

// Reads one direction of one connection. Owned by whoever reads that direction; one thread. A broken stream stays
// broken: Next answers the same error again.
class FrameReader final {
 public:
  explicit FrameReader(Sender sender);

  // Takes the next piece from the front of `input` and shortens `input`; nullopt: all of `input` is taken and more is
  // needed. One chunk may hold many messages, and one message many chunks. Only a header that a chunk's end cuts is
  // kept (8 bytes at most); a first piece may then consist of the header alone.
  // InvalidArgument: not this protocol. FailedPrecondition: a client that begins with TLS. ResourceExhausted: a message
  // above its bound (limits: kPostgresFrame...).
  absl::StatusOr<std::optional<FramePiece>> Next(std::string_view& input);

  // Backend only: the client has asked for encryption; the next message is a one-byte answer. Adds up.
  void ExpectEncryptionAnswer() { ++encryption_answers_; }

  // True between messages: no byte of an unfinished message has been seen.
  bool at_boundary() const { return header_.empty() && body_left_ == 0; }

 private:
  absl::Status Begin(std::string_view header);  // sets current_ and, after the start-up message, typed_
  absl::Status BeginUntyped(std::string_view header);
  absl::Status BeginTyped(std::string_view header);
  FramePiece TakeBody(std::string_view& input);
  FramePiece TakeEncryptionAnswer(std::string_view& input);

  const Sender sender_;
  bool typed_;  // past the untyped beginning
  size_t encryption_requests_ = 0;
  size_t encryption_answers_ = 0;  // expected
  std::string header_;             // the beginning of a header that is not complete yet
  std::string split_header_;       // what the last piece shows when its header came in several chunks
  FramePiece current_;             // the message whose body flows, without bytes
  size_t body_left_ = 0;
  absl::Status broken_;
};

}  // namespace hoop::postgres

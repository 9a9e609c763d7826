// A connection between the door and its owner: shows by its first byte whether it speaks TLS, shakes hands, is refused
// in words that it understands when it does not fit. Made by FrontDoor for each connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "front/front_door.h"
#include "front/guarded_stream.h"
#include "net/tls_handshake.h"

namespace hoop {

// Owned by FrontDoor; its loop. Ends by one call of `done`; its GuardedStream sees to it that this is soon.
class Arrival final : private ByteStream::Events {
 public:
  // What it turned out to be: the stream for the owner, or null; then `refused` says why, or is OK when the peer just
  // went away. `done` destroys the arrival by Loop::DestroyLater.
  using Done = absl::AnyInvocable<void(Arrival&, std::unique_ptr<ByteStream>, const absl::Status& refused)>;

  Arrival(Loop& loop, const FrontDoor::Options& options, std::unique_ptr<GuardedStream> stream, Done done);
  ~Arrival() override;

  // Reads what is there already; may call `done`.
  void Begin() { OnReadable(); }

 private:
  enum class State { kFirstByte, kHandshake, kFarewell };

  void OnReadable() override;
  void OnWritable() override {}

  void OnFirstBytes(std::string_view bytes);
  void Shake();
  void Refuse(const absl::Status& why, std::string_view last_words);
  void End(std::unique_ptr<ByteStream> stream, const absl::Status& refused);

  Loop& loop_;
  const FrontDoor::Options& options_;
  Done done_;
  State state_ = State::kFirstByte;
  std::unique_ptr<ByteStream> stream_;  // a GuardedStream, until the handshake has it
  GuardedStream& guard_;                // the same, while stream_ is there
  std::unique_ptr<TlsHandshake> handshake_;
  std::unique_ptr<Timer> patience_;
  size_t ignored_bytes_ = 0;
  absl::Status refused_;
};

}  // namespace hoop

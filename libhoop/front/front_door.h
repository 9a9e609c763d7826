// The only place that accepts connections: listens, puts the limits for strangers on what comes, hands it on.
// Made by gateway/, one per listener; knows nothing of what is spoken behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/limits/listener.h"
#include "base/log.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/listener.h"

namespace hoop {

class Strangers;

// Owned by Gateway; lives on one loop (made before it runs, destroyed on it or after it). Destroying it closes the
// door; connections that were handed on stay, with their limits, and belong to who has them.
class FrontDoor final {
 public:
  using Accept = absl::AnyInvocable<void(std::unique_ptr<ByteStream>)>;

  struct Options {
    std::string name;  // in logs: "grpc", "http"
    Address address;
    absl::Duration pre_auth_time = limits::kPreAuthTime;
    size_t pre_auth_bytes_max = limits::kPreAuthBytesMax;
    size_t pre_auth_session_bytes = 0;  // what a stranger costs from the first byte on, besides what it said
    size_t connections_max = limits::kConnectionsMax;
    // Put around each connection before it is handed on; must pass Trust() through. This is where TLS goes.
    absl::AnyInvocable<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>)> secure = nullptr;
  };

  struct Counts {
    uint64_t accepted = 0;
    uint64_t refused = 0;       // connections_max were open
    uint64_t dropped_late = 0;  // strangers who said nothing convincing within pre_auth_time
    uint64_t dropped_full = 0;  // strangers who made room for newer ones
    uint64_t exhausted = 0;     // times without a free descriptor
    size_t open = 0;
    size_t strangers = 0;
  };

  // A connection that was dropped tells its owner by an error of the next Read: DeadlineExceeded or ResourceExhausted.
  // FailedPrecondition: the address is in use.
  static absl::StatusOr<std::unique_ptr<FrontDoor>> Open(EventLoop& loop, Log log, Options options, Accept accept);
  ~FrontDoor();
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  // With the real port.
  const Address& address() const { return listener_->address(); }
  Counts counts() const;

 private:
  FrontDoor(EventLoop& loop, Log log, Options options, Accept accept);
  void OnAccepted(std::unique_ptr<ByteStream> stream);
  void WarnRarely(std::string_view event, uint64_t count);

  EventLoop& loop_;
  const Log log_;
  Options options_;
  Accept accept_;
  const std::shared_ptr<Strangers> strangers_;  // shared with the streams, which may outlive the door
  uint64_t exhausted_told_ = 0;
  absl::Duration next_warning_ = -absl::InfiniteDuration();
  std::unique_ptr<Listener> listener_;
};

}  // namespace hoop

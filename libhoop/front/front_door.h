// The only place that accepts connections: listens, puts the limits for strangers on what comes, speaks TLS, hands on
// who has said a first word. Made by gateway/, one per listener; knows nothing of what is spoken behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/limits/listener.h"
#include "base/log.h"
#include "base/worker.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "net/tls_context.h"

namespace hoop {

class Arrival;
class Strangers;

// Owned by Gateway; lives on one loop (made before it runs, destroyed on it or after it). Destroying it closes the
// door; connections that were handed on stay, with their limits, and belong to who has them.
class FrontDoor final {
 public:
  using Accept = absl::AnyInvocable<void(std::unique_ptr<ByteStream>)>;

  // Who may speak plain to a listener with TLS.
  enum class PlainPeers { kNone, kLocal, kAll };

  struct Options {
    std::string name;  // in logs: "grpc", "http"
    Address address;
    absl::Duration pre_auth_time = limits::kPreAuthTime;
    size_t pre_auth_bytes_max = limits::kPreAuthBytesMax;
    size_t pre_auth_session_bytes = 0;  // what a stranger costs from the first byte on, besides what it said
    size_t connections_max = limits::kConnectionsMax;

    std::shared_ptr<TlsContext> tls = nullptr;  // null: the listener is plain
    Worker* tls_worker = nullptr;               // for handshakes; null: the loop. Joined before the loop is destroyed
    PlainPeers plain_peers = PlainPeers::kNone;
    // Last words to who does not fit, in the language of the listener: a plain peer where TLS is spoken, and a TLS peer
    // where it is not (any plain bytes tell it).
    std::string plain_refusal, tls_refusal;
  };

  struct Counts {
    uint64_t accepted = 0;
    uint64_t refused = 0;       // connections_max were open
    uint64_t dropped_late = 0;  // strangers who said nothing convincing within pre_auth_time
    uint64_t dropped_full = 0;  // strangers who made room for newer ones
    uint64_t exhausted = 0;     // times without a free descriptor
    uint64_t unfit = 0;         // strangers whose TLS failed, or who spoke plain where TLS is spoken, or the other way
    size_t open = 0;
    size_t strangers = 0;
  };

  // A connection is handed on when its first bytes are there to be read (behind TLS: when the handshake is done).
  // One that is dropped later tells its owner by an error of the next Read: DeadlineExceeded or ResourceExhausted.
  // FailedPrecondition: the address is in use.
  static absl::StatusOr<std::unique_ptr<FrontDoor>> Open(EventLoop& loop, Log log, Options options, Accept accept);
  ~FrontDoor();
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  // With the real port.
  const Address& address() const { return listener_->address(); }
  Counts counts() const;

  // Another certificate, for connections that come from now on. Only for a door that was opened with one.
  void SetTls(std::shared_ptr<TlsContext> tls);

 private:
  FrontDoor(EventLoop& loop, Log log, Options options, Accept accept);
  void OnAccepted(std::unique_ptr<ByteStream> stream);
  void OnArrived(Arrival& arrival, std::unique_ptr<ByteStream> stream, const absl::Status& refused);
  void WarnRarely(std::string_view event, uint64_t count);
  void WarnOfUnfit(const absl::Status& refused);

  EventLoop& loop_;
  const Log log_;
  Options options_;
  Accept accept_;
  const std::shared_ptr<Strangers> strangers_;  // shared with the streams, which may outlive the door
  uint64_t exhausted_told_ = 0;
  absl::Duration next_warning_ = -absl::InfiniteDuration();
  absl::Duration unfit_since_ = -absl::InfiniteDuration();
  int unfit_told_ = 0;  // since then
  std::unordered_map<Arrival*, std::unique_ptr<Arrival>> arrivals_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace hoop

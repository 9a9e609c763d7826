// The only place where connections come in: takes who has said a first word on the doorstep, puts the limits for
// strangers on it, speaks TLS, hands it on. Made by gateway/, one per listener; knows nothing of what is spoken behind
// it.
#pragma once

#include <cstdint>
#include <deque>
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
#include "front/doorstep.h"
#include "front/open_connections.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/tls_context.h"

namespace hoop {

class Arrival;
class Strangers;

// Owned by Gateway; lives on one loop (made before it runs, destroyed on it or after it), its doorstep on another,
// which may be the same. Destroying it closes the door as soon as the doorstep's loop gets to it; connections that were
// handed on stay, with their limits, and belong to who has them.
class FrontDoor final {
 public:
  using Accept = absl::AnyInvocable<void(std::unique_ptr<ByteStream>)>;

  // Who may speak plain to a listener with TLS.
  enum class PlainPeers { kNone, kLocal, kAll };

  struct Options {
    std::string name;  // in logs: "grpc", "http"
    Address address;
    absl::Duration defer_accept = absl::ZeroDuration();  // the kernel keeps who says nothing for so long
    absl::Duration pre_auth_time = limits::kPreAuthTime;
    size_t silent_max = limits::kSilentConnectionsMax;  // who wait for their first word; and who have said it, outside
    size_t pre_auth_bytes_max = limits::kPreAuthBytesMax;
    size_t pre_auth_session_bytes = 0;  // what a stranger costs, besides what it said
    // Zero: as fast as it goes. Else strangers come in at this pace, one each, some at once.
    absl::Duration entry_time = absl::ZeroDuration();
    size_t connections_max = limits::kConnectionsMax;
    bool half_closed_is_gone = false;  // who closes its direction awaits no answer: so in HTTP/2, not in HTTP/1

    std::shared_ptr<TlsContext> tls = nullptr;  // null: the listener is plain
    Worker* tls_worker = nullptr;               // for handshakes; null: the loop. Joined before the loop is destroyed
    PlainPeers plain_peers = PlainPeers::kNone;
    // Last words to who does not fit, in the language of the listener: a plain peer where TLS is spoken, and a TLS peer
    // where it is not (any plain bytes tell it).
    std::string plain_refusal, tls_refusal;
  };

  struct Counts {
    uint64_t accepted = 0;
    uint64_t dropped_late = 0;  // who said nothing convincing within pre_auth_time
    uint64_t dropped_full = 0;  // who made room for others
    uint64_t unfit = 0;         // whose TLS failed, or who spoke plain where TLS is spoken, or the other way
    size_t strangers = 0;
  };

  // A connection is handed on when its first bytes are there to be read (behind TLS: when the handshake is done).
  // One that is dropped later tells its owner by an error of the next Read: DeadlineExceeded or ResourceExhausted.
  // FailedPrecondition: the address is in use.
  // `doorstep_loop` stops turning before `loop` is destroyed, and is destroyed after the door.
  static absl::StatusOr<std::unique_ptr<FrontDoor>> Open(EventLoop& loop, EventLoop& doorstep_loop, Log log,
                                                         Options options, Accept accept);
  ~FrontDoor();
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;

  // With the real port.
  const Address& address() const { return doorstep_->address(); }
  // Of those who have said something.
  const Counts& counts() const;
  // All, the silent ones, too. Any thread.
  size_t open() const { return open_->count(); }
  // For the doorstep's thread.
  const Doorstep& doorstep() const { return *doorstep_; }

  // Another certificate, for connections that come from now on. Only for a door that was opened with one.
  void SetTls(std::shared_ptr<TlsContext> tls);

 private:
  FrontDoor(EventLoop& loop, EventLoop& doorstep_loop, Log log, Options options, Accept accept);
  void OnSpoke(Newcomer newcomer);
  void EnterSoon(absl::Duration delay);
  void EnterSome();
  void Enter(Newcomer newcomer);
  void OnArrived(Arrival& arrival, std::unique_ptr<ByteStream> stream, const absl::Status& refused);
  void WarnOfUnfit(const absl::Status& refused);

  EventLoop& loop_;
  EventLoop& doorstep_loop_;
  const Log log_;
  Options options_;
  Accept accept_;
  const std::shared_ptr<Strangers> strangers_;  // shared with the streams, which may outlive the door
  const std::shared_ptr<OpenConnections> open_;
  absl::Duration unfit_since_ = -absl::InfiniteDuration();
  int unfit_told_ = 0;              // since then
  std::deque<Newcomer> newcomers_;  // in the order they came
  std::unique_ptr<Timer> entry_;    // while there are any
  std::unordered_map<Arrival*, std::unique_ptr<Arrival>> arrivals_;
  std::unique_ptr<Doorstep> doorstep_;
  std::shared_ptr<FrontDoor*> here_;  // what comes from the doorstep finds the door by it, or finds it gone
};

}  // namespace hoop

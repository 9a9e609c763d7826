// Where connections wait until they say their first word: accepts them, drops who is silent for too long, forgets who
// has left again, hands on who spoke. Made by FrontDoor, one per listener; knows nothing of TLS or of what is
// spoken.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/limits/listener.h"
#include "base/log.h"
#include "front/open_connections.h"
#include "net/descriptor.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/listener.h"

namespace hoop {

// Who has said something, of which nothing is read yet. On no loop.
struct Newcomer {
  Descriptor socket;     // non-blocking
  std::string peer;      // as ByteStream::peer()
  absl::Duration since;  // Clock::Monotonic() when it was accepted
  OpenConnections::One counted;
};

// Owned by FrontDoor; lives on a loop of its own, whose thread stands back (base/niceness.h): connections that come and
// go by the ten thousand take no time from those who are in. Made before that loop runs, destroyed on it or after it.
class Doorstep final {
 public:
  struct Options {
    std::string name;  // in logs
    Address address;
    absl::Duration defer_accept =
        absl::ZeroDuration();                    // the kernel keeps who says nothing for so long, see net/listener.h
    absl::Duration time = limits::kPreAuthTime;  // from accept to the first word
    size_t silent_max = limits::kSilentConnectionsMax;  // who was silent longest makes room
    size_t connections_max = limits::kConnectionsMax;
    bool half_closed_is_gone = false;  // who says something and closes its direction awaits no answer
  };

  struct Counts {
    uint64_t accepted = 0;
    uint64_t refused = 0;       // connections_max were open
    uint64_t dropped_late = 0;  // silent for `time`
    uint64_t dropped_full = 0;  // who made room for newer ones
    uint64_t exhausted = 0;     // times without a free descriptor
  };

  // `spoke` is called on `loop`. FailedPrecondition: the address is in use.
  static absl::StatusOr<std::unique_ptr<Doorstep>> Open(EventLoop& loop, Log log, Options options,
                                                        std::shared_ptr<OpenConnections> open,
                                                        absl::AnyInvocable<void(Newcomer)> spoke);
  Doorstep(const Doorstep&) = delete;
  Doorstep& operator=(const Doorstep&) = delete;

  // With the real port. Any thread.
  const Address& address() const { return listener_->address(); }
  Counts counts() const;
  // Who spoke has not left since. Any thread.
  bool IsThere(const Newcomer& newcomer) const { return LookAt(newcomer.socket.get()) == Look::kSpoke; }

 private:
  enum class Look { kSilent, kSpoke, kGone };
  struct Waiting {
    Newcomer newcomer;
    std::unique_ptr<Watch> watch;  // last: it ends before the socket is closed
  };
  using Position = std::list<Waiting>::iterator;

  Doorstep(EventLoop& loop, Log log, Options options, std::shared_ptr<OpenConnections> open,
           absl::AnyInvocable<void(Newcomer)> spoke);
  void OnAccepted(Descriptor socket, std::string peer);
  void OnReadable(Position position);
  void Await(Newcomer newcomer);
  Look LookAt(int descriptor) const;
  void LetOthersRunInACrowd();
  void DropLate();
  void Drop(Position position, std::string_view reason);
  void WarnRarely(std::string_view event, uint64_t count);

  EventLoop& loop_;
  const Log log_;
  const Options options_;
  const std::shared_ptr<OpenConnections> open_;
  absl::AnyInvocable<void(Newcomer)> spoke_;
  Counts counts_;
  absl::Duration crowd_since_ = -absl::InfiniteDuration();
  size_t crowd_ = 0;  // connections looked at since then
  uint64_t exhausted_told_ = 0;
  absl::Duration next_warning_ = -absl::InfiniteDuration();
  std::list<Waiting> waiting_;       // in the order they came
  std::unique_ptr<Timer> deadline_;  // of somebody who is or was first
  std::unique_ptr<Listener> listener_;
};

}  // namespace hoop

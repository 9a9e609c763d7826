// Which descriptors are ready, on epoll: the half of the event loop that asks the kernel. Used by event_loop.cc only.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "net/descriptor.h"
#include "net/event_loop.h"

namespace hoop {

// Ends a Wait from outside. Any thread; who holds it may outlive the poller.
class WakeSignal final {
 public:
  WakeSignal();
  void Set() const;

 private:
  friend class Poller;
  const Descriptor descriptor_;
};

// Owned by the loop's reactor; the loop's thread. Outlives its watches. A descriptor that is read again
// and again costs one system call for all of them together: what was wanted stays registered until it comes unwanted.
class Poller final {
 public:
  using Call = absl::AnyInvocable<void()>;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  std::unique_ptr<Watch> Add(int descriptor, Call on_readable, Call on_writable);

  // Sleeps until something is ready, the signal is set or the time is over; -1: as long as it takes.
  void Wait(int milliseconds);
  // Calls who wanted what the last Wait found.
  void Dispatch();
  // Set, it ends the Wait that runs, or the next one.
  const std::shared_ptr<const WakeSignal>& wake_signal() const { return wake_; }

 private:
  class Source;
  class SourceWatch;

  void Remove(std::unique_ptr<Source> source);

  static constexpr size_t kEventsMax = 256;  // of one turn; epoll hands out the others first in the next one

  const Descriptor epoll_;
  const std::shared_ptr<const WakeSignal> wake_;
  std::array<epoll_event, kEventsMax> events_;
  int event_count_ = 0;
  bool dispatching_ = false;
  std::vector<Source*> files_;                 // wanted descriptors that epoll does not take: always ready
  std::vector<std::unique_ptr<Source>> gone_;  // during Dispatch, which may still point there
};

}  // namespace hoop

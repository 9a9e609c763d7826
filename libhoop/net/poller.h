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

// Owned by the loop's reactor; the loop's thread, but for Wake. Outlives its watches. A descriptor that is read again
// and again costs one system call for all of them together: what was wanted stays registered until it comes unwanted.
class Poller final {
 public:
  using Call = absl::AnyInvocable<void()>;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  std::unique_ptr<Watch> Add(int descriptor, Call on_readable, Call on_writable);

  // Sleeps until something is ready, Wake was called or the time is over; -1: as long as it takes.
  void Wait(int milliseconds);
  // Calls who wanted what the last Wait found.
  void Dispatch();
  // Any thread: ends the Wait that runs, or the next one.
  void Wake();

 private:
  class Source;
  class SourceWatch;

  void Remove(std::unique_ptr<Source> source);

  static constexpr size_t kEventsMax = 256;  // of one turn; epoll hands out the others first in the next one

  const Descriptor epoll_;
  const Descriptor wake_;
  std::array<epoll_event, kEventsMax> events_;
  int event_count_ = 0;
  bool dispatching_ = false;
  std::vector<Source*> files_;                 // wanted descriptors that epoll does not take: always ready
  std::vector<std::unique_ptr<Source>> gone_;  // during Dispatch, which may still point there
};

}  // namespace hoop

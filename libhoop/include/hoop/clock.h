// Time as a parameter: the library asks a Clock, programs hand in the system's, tests move one by hand.
#pragma once

#include <functional>

#include "absl/time/time.h"

namespace hoop {

// Owned by the program or test; outlives everything that was built with it. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall clock: for records, tokens and what people read.
  virtual absl::Time Now() const = 0;

  // Never goes back: for deadlines and durations. The zero point means nothing.
  virtual absl::Duration Monotonic() const = 0;

  // How long a thread has to sleep until Monotonic() reaches `deadline`; zero when it is reached. A clock that
  // somebody moves by hand answers InfiniteDuration and calls the wake-ups when it was moved.
  virtual absl::Duration SleepUntil(absl::Duration deadline) const = 0;

  // `wake` is called from any thread after the clock jumped. Returns a key for RemoveWakeUp.
  virtual int AddWakeUp(std::function<void()> wake) = 0;
  virtual void RemoveWakeUp(int key) = 0;

  // The machine's clock. Lives as long as the process.
  static Clock& System();
};

}  // namespace hoop

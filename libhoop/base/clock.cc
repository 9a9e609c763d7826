#include "hoop/clock.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <new>

#include "absl/time/clock.h"

namespace hoop {
namespace {

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration Monotonic() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
  absl::Duration SleepUntil(absl::Duration deadline) const override {
    return std::max(absl::ZeroDuration(), deadline - Monotonic());
  }
  int AddWakeUp(std::function<void()>) override { return 0; }  // it never jumps
  void RemoveWakeUp(int) override {}
};

}  // namespace

Clock& Clock::System() {
  // Never destroyed, for threads may outlive main(), and not on the heap, for the library may be unloaded.
  alignas(SystemClock) static std::byte place[sizeof(SystemClock)];
  static SystemClock* const clock = new (place) SystemClock;
  return *clock;
}

}  // namespace hoop

#include "hoop/clock.h"

#include <algorithm>
#include <chrono>

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
  static SystemClock* clock = new SystemClock;  // never destroyed: threads may outlive main()
  return *clock;
}

}  // namespace hoop

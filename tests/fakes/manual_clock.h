// A clock that tests move. Wakes the loops that wait on it.
#pragma once

#include <functional>
#include <map>

#include "absl/synchronization/mutex.h"
#include "hoop/clock.h"

namespace hoop {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time start = absl::FromUnixSeconds(1'700'000'000)) : start_(start) {}

  absl::Time Now() const override { return start_ + Monotonic(); }
  absl::Duration Monotonic() const override {
    absl::MutexLock lock(&mu_);
    return elapsed_;
  }
  absl::Duration SleepUntil(absl::Duration deadline) const override {
    return deadline <= Monotonic() ? absl::ZeroDuration() : absl::InfiniteDuration();
  }
  int AddWakeUp(std::function<void()> wake) override {
    absl::MutexLock lock(&mu_);
    wake_ups_[++last_key_] = std::move(wake);
    return last_key_;
  }
  void RemoveWakeUp(int key) override {
    absl::MutexLock lock(&mu_);
    wake_ups_.erase(key);
  }

  void Advance(absl::Duration step) {
    std::map<int, std::function<void()>> wake_ups;
    {
      absl::MutexLock lock(&mu_);
      elapsed_ += step;
      wake_ups = wake_ups_;
    }
    for (auto& [key, wake] : wake_ups) wake();
  }

 private:
  const absl::Time start_;
  mutable absl::Mutex mu_;
  absl::Duration elapsed_ ABSL_GUARDED_BY(mu_) = absl::Seconds(1000);
  std::map<int, std::function<void()>> wake_ups_ ABSL_GUARDED_BY(mu_);
  int last_key_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace hoop

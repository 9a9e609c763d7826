// A ManualLoop for code with threads of its own: a test turns it until something is true and sleeps while nothing
// was posted.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/loop.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_loop.h"

namespace hoop {

class WaitingLoop final : public Loop {
 public:
  explicit WaitingLoop(ManualClock& clock) : clock_(clock), loop_(clock) {}

  void Post(absl::AnyInvocable<void()> task) override {
    loop_.Post(std::move(task));
    absl::MutexLock lock(&mu_);
    posted_ = true;
  }
  std::unique_ptr<Timer> After(absl::Duration delay, absl::AnyInvocable<void()> task) override {
    return loop_.After(delay, std::move(task));
  }
  void AtTurnEnd(TurnPhase phase, absl::AnyInvocable<void()> task) override { loop_.AtTurnEnd(phase, std::move(task)); }
  absl::Duration Monotonic() const override { return loop_.Monotonic(); }
  absl::Time Now() const override { return loop_.Now(); }
  bool InLoopThread() const override { return current; }
  CoreTime core_time() const override { return loop_.core_time(); }

  void Turn() { loop_.TurnUntilIdle(); }
  void Advance(absl::Duration step) {
    clock_.Advance(step);
    loop_.TurnUntilIdle();
  }

  // False after a minute of real time without any post: something hangs.
  bool TurnUntil(const std::function<bool()>& reached) {
    for (;;) {
      {
        absl::MutexLock lock(&mu_);
        posted_ = false;
      }
      loop_.TurnUntilIdle();
      if (reached()) return true;
      absl::MutexLock lock(&mu_);
      if (!mu_.AwaitWithTimeout(absl::Condition(&posted_), absl::Minutes(1))) return false;
    }
  }

  bool current = true;  // what InLoopThread says: a test with several loops is in one of them at a time

 private:
  ManualClock& clock_;
  ManualLoop loop_;
  absl::Mutex mu_;
  bool posted_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace hoop

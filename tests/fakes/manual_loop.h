// A loop that a test turns by hand on a ManualClock: no thread, no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "base/loop.h"
#include "tests/fakes/manual_clock.h"

namespace hoop {

class ManualLoop final : public Loop {
 public:
  explicit ManualLoop(ManualClock& clock) : clock_(clock) {}

  void Post(absl::AnyInvocable<void()> task) override {
    absl::MutexLock lock(&mu_);
    posted_.push_back(std::move(task));
  }
  std::unique_ptr<Timer> After(absl::Duration delay, absl::AnyInvocable<void()> task) override {
    auto timer = std::make_unique<Pending>(*this, ++last_timer_);
    timer->position = timers_.emplace(clock_.Monotonic() + delay, std::make_pair(timer.get(), std::move(task)));
    timer->armed = true;
    return timer;
  }
  void AtTurnEnd(TurnPhase phase, absl::AnyInvocable<void()> task) override {
    phases_[static_cast<size_t>(phase)].push_back(std::move(task));
  }
  absl::Duration Monotonic() const override { return clock_.Monotonic(); }
  absl::Time Now() const override { return clock_.Now(); }
  bool InLoopThread() const override { return true; }
  CoreTime core_time() const override { return core; }

  CoreTime core;  // what core_time says

  // One turn: what is posted, timers that are due, then the phases.
  void Turn() {
    std::deque<absl::AnyInvocable<void()>> posted;
    {
      absl::MutexLock lock(&mu_);
      posted.swap(posted_);
    }
    for (auto& task : posted) task();
    const uint64_t newest = last_timer_;  // those that were made before, as in EventLoop
    while (!timers_.empty() && timers_.begin()->first <= clock_.Monotonic()) {
      if (timers_.begin()->second.first->number > newest) break;
      auto [timer, task] = std::move(timers_.begin()->second);
      timer->armed = false;
      timers_.erase(timers_.begin());
      task();
    }
    EndTurn();
  }

  // For another turn.
  bool HasWork() {
    absl::MutexLock lock(&mu_);
    return !posted_.empty() || (!timers_.empty() && timers_.begin()->first <= clock_.Monotonic());
  }

  // Turns until nothing is posted, due or waiting for the end of a turn.
  void TurnUntilIdle() {
    do Turn();
    while (HasWork());
  }

  // Moves the clock, then turns until idle.
  void Advance(absl::Duration step) {
    clock_.Advance(step);
    TurnUntilIdle();
  }

 private:
  struct Pending;
  using Timers = std::multimap<absl::Duration, std::pair<Pending*, absl::AnyInvocable<void()>>>;
  struct Pending final : Timer {
    Pending(ManualLoop& owner, uint64_t place) : loop(owner), number(place) {}
    ~Pending() override {
      if (armed) loop.timers_.erase(position);
    }
    ManualLoop& loop;
    const uint64_t number;
    Timers::iterator position;
    bool armed = false;
  };

  void EndTurn() {
    for (size_t phase = 0; phase < phases_.size();) {
      if (phases_[phase].empty()) {
        ++phase;
        continue;
      }
      auto task = std::move(phases_[phase].front());
      phases_[phase].pop_front();
      task();
      for (size_t earlier = 0; earlier < phase; ++earlier) {
        if (!phases_[earlier].empty()) phase = earlier;
      }
    }
  }

  ManualClock& clock_;
  absl::Mutex mu_;
  std::deque<absl::AnyInvocable<void()>> posted_ ABSL_GUARDED_BY(mu_);
  Timers timers_;
  uint64_t last_timer_ = 0;
  std::array<std::deque<absl::AnyInvocable<void()>>, 4> phases_;
};

}  // namespace hoop

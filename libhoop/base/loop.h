// The turn of an event loop, as those see it who do no I/O themselves (audit, session). net/EventLoop is the real
// one; tests/fakes/manual_loop.h is one that a test turns by hand.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace hoop {

// What waits for the end of a turn runs in this order. Everything of a phase, also what was added meanwhile, is done
// before the next begins; a phase may add to an earlier one, which then runs again.
enum class TurnPhase {
  kRecord,   // the journal writes what was appended during the turn
  kRelease,  // sessions hand what is recorded to their streams
  kSend,     // streams and sockets flush: one system call per descriptor
  kFree,     // what system calls or callbacks of this turn might still have pointed to is destroyed
};

// A pending call. Destroying it cancels the call. Loop thread only.
class Timer {
 public:
  virtual ~Timer() = default;
};

// What a thread did since it began. Never asleep: used and waited together grow as fast as time.
struct CoreTime {
  absl::Duration used;    // on a core
  absl::Duration waited;  // could have gone on, but others had the cores
};

// One thread that handles events in turns. Outlives everything that works on it.
class Loop {
 public:
  virtual ~Loop() = default;

  // Runs `task` in a later turn. Any thread; never blocks; in order for one posting thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;

  // The rest: loop thread only (or before the loop runs).

  // Calls `task` once after `delay`, unless the Timer is destroyed before; the task may destroy or replace it.
  virtual std::unique_ptr<Timer> After(absl::Duration delay, absl::AnyInvocable<void()> task) = 0;

  // Calls `task` once at the end of the current turn.
  virtual void AtTurnEnd(TurnPhase phase, absl::AnyInvocable<void()> task) = 0;

  // Clock::Monotonic() and Clock::Now() at the beginning of the turn: reading the clock costs nothing.
  virtual absl::Duration Monotonic() const = 0;
  virtual absl::Time Now() const = 0;

  virtual bool InLoopThread() const = 0;

  // Of the loop's thread. Asks the kernel: not for every packet.
  virtual CoreTime core_time() const = 0;

  // Destroys `object` in the kFree phase: for those who end inside their own callback.
  template <typename T>
  void DestroyLater(std::unique_ptr<T> object) {
    AtTurnEnd(TurnPhase::kFree, [object = std::move(object)]() mutable { object.reset(); });
  }
};

}  // namespace hoop

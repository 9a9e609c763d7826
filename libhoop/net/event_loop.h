// The event loop: one thread, descriptors (net/poller.h), timers, posted work.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "base/loop.h"
#include "hoop/clock.h"

namespace hoop {

class NameLookup;

// A descriptor that is watched. Destroying it ends the watch; the descriptor stays open and belongs to the caller.
// One-shot: each Want is answered by one call; ask again for the next. Loop thread only.
class Watch {
 public:
  virtual ~Watch() = default;
  virtual void WantRead() = 0;
  virtual void WantWrite() = 0;
  virtual void StopRead() = 0;  // a call that is under way already may not come any more
};

// Owned by Gateway, Agent or Client, which run it on a thread of its own. Run() is the thread; the rest as Loop says.
class EventLoop final : public Loop {
 public:
  explicit EventLoop(Clock& clock);
  ~EventLoop() override;

  // Handles turns until Stop(). What is still pending is destroyed with the loop, not run.
  void Run();
  // Any thread.
  void Stop();

  void Post(absl::AnyInvocable<void()> task) override;
  std::unique_ptr<Timer> After(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  void AtTurnEnd(TurnPhase phase, absl::AnyInvocable<void()> task) override;
  absl::Duration Monotonic() const override;
  absl::Time Now() const override;
  bool InLoopThread() const override;
  CoreTime core_time() const override;

  // `descriptor` is non-blocking. Call-backs may destroy the Watch.
  std::unique_ptr<Watch> WatchDescriptor(int descriptor, absl::AnyInvocable<void()> on_readable,
                                         absl::AnyInvocable<void()> on_writable);

  // Where Dial looks names up; made at first use.
  NameLookup& names();

 private:
  struct Reactor;
  std::unique_ptr<Reactor> reactor_;
};

// Runs `loop` on a thread named `name` from construction to destruction. `niceness`: base/niceness.h.
class LoopThread final {
 public:
  LoopThread(EventLoop& loop, std::string name, int niceness = 0);
  ~LoopThread();  // stops the loop and joins

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace hoop

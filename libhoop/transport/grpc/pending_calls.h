// The border between gRPC's threads and the loop: whatever gRPC may still touch is kept here, and what it says becomes
// a task of the loop. Shared by a dialler, its channels and their calls.
#pragma once

#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "base/loop.h"

namespace hoop {

// Something under way inside gRPC. Loop thread.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  // Cancels it and tells nobody. gRPC says that it is done soon after.
  virtual void Abandon() = 0;
};

// Destroyed on the loop's thread, or after the loop has ended its turns.
class PendingCalls final {
 public:
  explicit PendingCalls(Loop& loop) : loop_(loop) {}

  Loop& loop() const { return loop_; }
  void Add(std::shared_ptr<PendingCall> call);

  // gRPC's threads. `task` runs on the loop, in the order of what a call says.
  void Tell(absl::AnyInvocable<void()> task) { loop_.Post(std::move(task)); }
  // The last word of a call. Its memory goes with the task, on the loop's thread: gRPC does not bear to lose a channel
  // in a call-back of its own.
  void TellEnd(PendingCall& call, absl::AnyInvocable<void()> task);

  // Loop thread; waits until gRPC has let go of everything, which does not depend on any peer.
  void AbandonAll();

 private:
  Loop& loop_;
  absl::Mutex mu_;
  std::set<std::shared_ptr<PendingCall>> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop

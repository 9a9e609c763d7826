// One thread with a bounded queue: the place for what may block (SQL, hashes, name look-ups, compression).
#pragma once

#include <deque>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace hoop {

// Runs tasks in order on a thread of its own, named `name` (15 characters at most) in the debugger.
// Owned by who posts; the destructor runs what is queued, then joins. Any thread may post.
class Worker final {
 public:
  // `niceness`: how far the thread stands back when others want the processor, base/niceness.h.
  Worker(std::string name, size_t queue_max, int niceness = 0);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ResourceExhausted: `queue_max` tasks are waiting already; the task was not taken.
  absl::Status Post(absl::AnyInvocable<void()> task);

 private:
  void Run();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || !tasks_.empty(); }

  const std::string name_;
  const size_t queue_max_;
  const int niceness_;
  absl::Mutex mu_;
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: starts when everything above is there
};

}  // namespace hoop

// A few worker threads behind one bounded queue that belongs to a loop. Used by rest/Edge, a pool for each kind of
// work, and by gateway/Admission for what waits for a host's function.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/loop.h"
#include "base/worker.h"

namespace hoop {

// Owned by who submits. Loop thread (or after the loop stopped). Destroying it drops what waits, joins what runs, and
// calls no more continuation.
class WorkerPool final {
 public:
  using Continuation = absl::AnyInvocable<void()>;
  using Work = absl::AnyInvocable<Continuation()>;
  using IsWanted = absl::AnyInvocable<bool()>;

  WorkerPool(Loop& loop, const std::string& name, size_t threads, size_t queue_max, int niceness = 0);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `work` on a thread, then what it returned on the loop, if anything. Work that had to wait is dropped if it
  // `is_wanted` no more when a thread is free, or its place is needed: that is asked on the loop.
  // ResourceExhausted: all threads are busy and `queue_max` others wait already.
  absl::Status Submit(Work work, IsWanted is_wanted = nullptr);

 private:
  struct Waiting {
    Work work;
    IsWanted is_wanted;  // null: always
    bool IsWantedStill() { return is_wanted == nullptr || is_wanted(); }
  };

  void Start(size_t worker, Work work);
  void OnDone(size_t worker);
  void DropUnwanted();

  Loop& loop_;
  const size_t queue_max_;
  std::vector<size_t> idle_;
  std::deque<Waiting> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with continuations on the loop's queue
  std::vector<std::unique_ptr<Worker>> workers_;                // last: joined first
};

}  // namespace hoop

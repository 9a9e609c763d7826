#include "base/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace hoop {

WorkerPool::WorkerPool(Loop& loop, const std::string& name, size_t threads, size_t queue_max, int niceness)
    : loop_(loop), queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(fmt::format("{}-{}", name, i), 1, niceness));
    idle_.push_back(i);
  }
}

WorkerPool::~WorkerPool() = default;

absl::Status WorkerPool::Submit(Work work, IsWanted is_wanted) {
  if (idle_.empty()) {
    if (waiting_.size() >= queue_max_) DropUnwanted();
    if (waiting_.size() >= queue_max_) return ResourceExhausted("the gateway is busy, try again");
    waiting_.push_back({std::move(work), std::move(is_wanted)});
    return absl::OkStatus();
  }
  const size_t worker = idle_.back();
  idle_.pop_back();
  Start(worker, std::move(work));
  return absl::OkStatus();
}

void WorkerPool::Start(size_t worker, Work work) {
  std::weak_ptr<bool> alive = alive_;
  // A worker gets its next task only after its last continuation: its queue of one always has room.
  const absl::Status posted =
      workers_[worker]->Post([this, worker, alive = std::move(alive), work = std::move(work)]() mutable {
        Continuation next = work();
        loop_.Post([this, worker, alive = std::move(alive), next = std::move(next)]() mutable {
          if (alive.expired()) return;
          OnDone(worker);
          if (next) next();
        });
      });
  HOOP_CHECK(posted.ok());
}

void WorkerPool::OnDone(size_t worker) {
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.IsWantedStill()) return Start(worker, std::move(next.work));
  }
  idle_.push_back(worker);
}

// Who is told that he is not wanted may come again at once: he stands behind the others.
void WorkerPool::DropUnwanted() {
  std::deque<Waiting> wanted;
  for (Waiting& one : std::exchange(waiting_, {})) {
    if (one.IsWantedStill()) wanted.push_back(std::move(one));
  }
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(wanted));
  waiting_ = std::move(wanted);
}

}  // namespace hoop

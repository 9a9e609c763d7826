#include "net/name_lookup.h"

#include <pthread.h>

#include <utility>

#include "base/limits/net.h"
#include "base/status.h"

namespace hoop {

NameLookup::~NameLookup() {
  std::vector<std::thread> threads;
  std::deque<absl::AnyInvocable<void()>> dropped;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    dropped.swap(tasks_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

absl::Status NameLookup::Post(absl::AnyInvocable<void()> task) {
  absl::MutexLock lock(&mu_);
  if (tasks_.size() >= limits::kNameLookupQueueMax) {
    return ResourceExhausted("{} name look-ups are waiting already", limits::kNameLookupQueueMax);
  }
  tasks_.push_back(std::move(task));
  if (idle_ < tasks_.size() && threads_.size() < limits::kNameLookupThreadsMax) {
    threads_.emplace_back([this] { Run(); });
  }
  return absl::OkStatus();
}

void NameLookup::Run() {
  ::pthread_setname_np(::pthread_self(), "hoop-names");
  for (;;) {
    absl::AnyInvocable<void()> task;
    {
      absl::MutexLock lock(&mu_);
      ++idle_;
      mu_.Await(absl::Condition(this, &NameLookup::HasWork));
      --idle_;
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace hoop

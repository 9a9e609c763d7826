#include "base/worker.h"

#include <pthread.h>

#include <utility>

#include "base/niceness.h"
#include "base/status.h"

namespace hoop {

Worker::Worker(std::string name, size_t queue_max, int niceness)
    : name_(std::move(name)), queue_max_(queue_max), niceness_(niceness), thread_([this] { Run(); }) {}

Worker::~Worker() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

absl::Status Worker::Post(absl::AnyInvocable<void()> task) {
  absl::MutexLock lock(&mu_);
  if (tasks_.size() >= queue_max_) return ResourceExhausted("{}: {} tasks are waiting already", name_, queue_max_);
  tasks_.push_back(std::move(task));
  return absl::OkStatus();
}

void Worker::Run() {
  ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
  StandBack(niceness_);
  for (;;) {
    absl::AnyInvocable<void()> task;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(this, &Worker::HasWork));
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    LetOthersRun();
  }
}

}  // namespace hoop

#include "audit/flush_pacer.h"

#include <limits>

#include "absl/time/clock.h"

namespace hoop {

void FlushPacer::Hurry() {
  absl::MutexLock lock(&mu_);
  ++waiters_;
  hurry_.SignalAll();
}

void FlushPacer::Relax() {
  absl::MutexLock lock(&mu_);
  --waiters_;
}

size_t FlushPacer::StepBytes() const {
  absl::MutexLock lock(&mu_);
  return lags_ || waiters_ > 0 ? std::numeric_limits<size_t>::max() : limits::kFlushStepBytes;
}

void FlushPacer::Worked(size_t bytes) {
  worked_bytes_ += bytes;
  if (worked_bytes_ < limits::kFlushStepBytes) return;
  worked_bytes_ = 0;
  if (lags_) return;
  const absl::Time until = absl::Now() + rest_;
  absl::MutexLock lock(&mu_);
  if (waiters_ > 0) return;
  ++rests_;
  while (waiters_ == 0 && !hurry_.WaitWithDeadline(&mu_, until)) {
  }
}

}  // namespace hoop

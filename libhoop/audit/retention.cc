#include "audit/retention.h"

#include <pthread.h>

#include <algorithm>

#include "base/limits/retention.h"

namespace hoop {

Retention::Retention(SessionTable& sessions, absl::Duration keep, Clock& clock, Log log)
    : sessions_(sessions), keep_(keep), clock_(clock), log_(log) {
  wake_up_ = clock_.AddWakeUp([this] {
    absl::MutexLock lock(&mu_);
    changed_.SignalAll();
  });
  thread_ = std::thread([this] { Run(); });
}

Retention::~Retention() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
  clock_.RemoveWakeUp(wake_up_);
}

bool Retention::stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Retention::Run() {
  ::pthread_setname_np(::pthread_self(), "hoop-retention");
  const absl::Duration pause = std::clamp(keep_ / 10, limits::kRetentionPauseMin, limits::kRetentionPauseMax);
  while (!stopping()) {
    const absl::Duration next = clock_.Monotonic() + pause;  // taken before: a clock that jumps meanwhile counts
    Sweep();
    absl::MutexLock lock(&mu_);
    while (!stopping_) {
      const absl::Duration wait = clock_.SleepUntil(next);
      if (wait <= absl::ZeroDuration()) break;
      changed_.WaitWithTimeout(&mu_, wait);
    }
  }
}

void Retention::Sweep() {
  const absl::Time before = clock_.Now() - keep_;
  SessionTable::Deleted sum;
  absl::StatusOr<SessionTable::Deleted> batch;
  do {
    batch = sessions_.DeleteEnded(before, limits::kRetentionBatchSessions, limits::kRetentionBatchChunks);
    if (!batch.ok()) break;
    sum.sessions += batch->sessions;
    sum.chunks += batch->chunks;
  } while (batch->more && !stopping());
  if (sum.sessions > 0 || sum.chunks > 0) {
    log_.Info("old sessions deleted", "sessions", sum.sessions, "chunks", sum.chunks, "ended_before",
              absl::FormatTime(absl::RFC3339_sec, before, absl::UTCTimeZone()));
  }
  if (!batch.ok()) log_.Warning("old sessions not deleted", "reason", std::string(batch.status().message()));
}

}  // namespace hoop

// Spreads the flusher's work over time: a step, a rest, a step. Made by audit/flusher.h; asked by whoever works on its
// thread (audit/chunk_codec.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/limits/journal.h"

namespace hoop {

// To read, chain and compress a MiB takes a core for 2 to 4 ms. In one go, everybody whose packet comes meanwhile waits
// for it where cores are few: that was most of what sessions felt of a bulk transfer beside them. So the thread rests
// after each limits::kFlushStepBytes. It does not while somebody waits for it or much lags behind: then it has to get
// done. A rest is real time, whatever Clock the journal has, for it is the scheduler's.
class FlushPacer final {
 public:
  explicit FlushPacer(absl::Duration rest = limits::kFlushRestTime) : rest_(rest) {}
  FlushPacer(const FlushPacer&) = delete;
  FlushPacer& operator=(const FlushPacer&) = delete;

  // Any thread. Somebody waits: no rests, and the one that is being taken ends, until Relax was called as often.
  void Hurry();
  void Relax();

  // The flusher's thread, all below. Bytes of the journal that are to be flushed: limits::kFlushHurryBytes are much.
  void SetLag(uint64_t bytes) { lags_ = bytes >= limits::kFlushHurryBytes; }
  // How much to do in one go, at most.
  size_t StepBytes() const;
  // So much was done; comes back after a rest, if one is due.
  void Worked(size_t bytes);

  uint64_t rests() const { return rests_; }

 private:
  const absl::Duration rest_;
  bool lags_ = false;
  size_t worked_bytes_ = 0;  // since the last rest
  uint64_t rests_ = 0;

  mutable absl::Mutex mu_;
  absl::CondVar hurry_;
  int waiters_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace hoop

// Moves synced records from the journal to the database while sessions run, and gives segments back.
// Made by JournalAuditStore; stands on flush_batch.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "audit/chunk_codec.h"
#include "audit/flush_batch.h"
#include "audit/flush_pacer.h"
#include "audit/segment_set.h"
#include "base/log.h"
#include "hoop/clock.h"
#include "store/database.h"
#include "store/journal_lane_table.h"

namespace hoop {

// Owned by JournalAuditStore; the segment sets outlive Stop. Its thread is named hoop-flush.
class Flusher final {
 public:
  using Report = std::function<void(std::vector<std::pair<SessionUuid, uint64_t>>)>;

  Flusher(Database& database, FileSystem& files, JournalSpace& space, uint64_t segment_bytes, Clock& clock, Log log);
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  // Before Start. `report` is called on the thread with the journal bytes per session that became rows.
  void Add(SegmentSet& set, Report report);
  void Start();
  // Flushes what is synced, unless the database fails, then joins.
  void Stop();

  // Any thread: something more of `set` is synced.
  void Notify(const SegmentSet& set);

  // Returns when everything that was written before is in the database. Any thread but a loop's.
  // Unavailable: the database fails, or the disk does not sync in time. Others: what the database said.
  absl::Status Barrier();
  // The same, as far as sessions have ended by it.
  absl::Status BarrierOfEnds();

  // False after a failed transaction, until one succeeds. Any thread.
  bool store_up() const { return store_up_; }

 private:
  struct Source {
    SegmentSet* set;
    Report report;
    absl::Duration pending_since = absl::InfiniteDuration();
  };

  void Run();
  bool Visit(Source& source, bool now, absl::Duration* next);
  absl::Status FlushSpan(Source& source, const SegmentSet::FlushSpan& span);
  void GiveBack(SegmentSet& set);
  void Finished(const absl::Status& status);
  absl::Status Await(const std::vector<uint64_t>& marks);
  bool Reached(const std::vector<uint64_t>& marks) const;

  // Constant after Start.
  Database& database_;
  FileSystem& files_;
  JournalSpace& space_;
  const uint64_t segment_bytes_;
  Clock& clock_;
  const Log log_;
  std::vector<Source> sources_;  // their times: the thread only

  // The thread only.
  TailCache tails_;
  JournalLaneTable lanes_;
  ChainHasher hasher_;
  FlushPacer pacer_;  // its Hurry: any
  ChunkCompressor compressor_{pacer_};
  std::string window_;  // of the journal; like the compressor's memory held while there is much to do
  absl::Duration retry_at_ = absl::ZeroDuration();

  std::atomic<bool> store_up_ = true;

  absl::Mutex mu_;
  absl::CondVar changed_;   // for the thread
  absl::CondVar finished_;  // for Barrier
  bool notified_ ABSL_GUARDED_BY(mu_) = false;
  bool sleeping_long_ ABSL_GUARDED_BY(mu_) = false;  // nothing was pending when it fell asleep
  int barriers_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t attempts_ ABSL_GUARDED_BY(mu_) = 0;  // the one that runs, or ran last, is the newest
  uint64_t failed_attempt_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status last_failure_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;

  const int wake_up_;
  std::thread thread_;
};

}  // namespace hoop

// The segments of one lane and how far each is written, synced and flushed: where the loop that writes, the thread
// that syncs (lane_syncer.h) and the thread that flushes (flusher.h) meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "audit/segment.h"
#include "hoop/clock.h"
#include "protocol/record_format.h"

namespace hoop {

// The disk that all lanes together may take. Any thread.
class JournalSpace final {
 public:
  explicit JournalSpace(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  bool TryTake(uint64_t bytes);                  // false: the bound would be passed
  void Take(uint64_t bytes) { used_ += bytes; }  // what an earlier life left counts, whatever the bound
  void Release(uint64_t bytes) { used_ -= bytes; }
  uint64_t used() const { return used_; }
  uint64_t bytes_max() const { return bytes_max_; }

 private:
  const uint64_t bytes_max_;
  std::atomic<uint64_t> used_ = 0;
};

// Owned by a Lane, or by the store for a folder that is only flushed. Functions are grouped by the thread that calls
// them. No file is touched under the lock.
class SegmentSet final {
 public:
  // Written but not yet synced data of one segment.
  struct SyncTask {
    std::shared_ptr<Segment> segment;
    uint64_t bytes = 0;     // up to here
    uint64_t position = 0;  // the last record before
  };
  // Synced but not yet flushed data of one segment.
  struct FlushSpan {
    std::shared_ptr<Segment> segment;
    uint64_t from = 0;
    uint64_t to = 0;
    bool closed = false;         // nothing will be added behind `to`
    uint64_t valid_through = 0;  // records with a larger LSN are void
  };
  struct Progress {
    uint64_t synced_position = 0;
    uint64_t unsynced_bytes = 0;
    bool sync_failed = false;  // until Abandon
    absl::Status failure;
  };
  enum class Want { kSync, kPrepare, kStop };
  // The chain of a session as it stood behind the record at a position.
  using ChainMarks = std::map<uint64_t, ChainHead>;

  SegmentSet(std::string folder, std::string instance, uint32_t lane);

  const std::string& folder() const { return folder_; }
  const std::string& instance() const { return instance_; }
  uint32_t lane() const { return lane_; }

  // Records of the lane are known to be lost. By recovery, then by the thread that flushes.
  void NoteDamage() { damaged_ = true; }
  bool damaged() const { return damaged_; }

  // --- Before the threads start: what recovery found. ---
  void AddRecovered(std::shared_ptr<Segment> segment, uint64_t bytes, uint64_t position, uint64_t valid_through);
  void AddSpare(std::shared_ptr<Segment> segment);
  void StartAfter(uint64_t position);  // the last one that an earlier life used

  // --- The loop. ---
  std::shared_ptr<Segment> TakeReady();  // null: none yet
  // Its first bytes come now; the next one gets prepared.
  void Activate(const std::shared_ptr<Segment>& segment, absl::Duration now);
  // `now`: when, on the monotonic clock. It is synced within limits::kSyncLagTime, or sooner: see SyncSoon.
  void Wrote(const Segment& segment, uint64_t bytes, uint64_t position, absl::Duration now);
  // Among what is written by now is the end of a session.
  void NoteEnd();
  void Close(const Segment& segment);
  // Made while a record was appended: spares the flusher to make it again.
  void MarkChain(uint64_t position, const ChainHead& head);
  // After a failure: what is not synced is void, every segment is closed. Returns the last position that counts.
  uint64_t Abandon();
  Progress progress() const;

  // Any thread. Somebody waits for this position: it is synced at once, or as soon as it is written.
  void SyncSoon(uint64_t position);
  void SyncWritten();  // the same for everything that is written by now

  // --- The thread that syncs. ---
  // Waits for something to do; `retry_at` bounds the wait for kPrepare after one that failed. kStop only when
  // everything is synced or failed.
  Want AwaitWork(const Clock& clock, absl::Duration retry_at, SyncTask& task);
  void Synced(const Clock& clock, const SyncTask& task, const absl::Status& status);
  std::shared_ptr<Segment> TakeSpare();  // null: none
  void AddReady(std::shared_ptr<Segment> segment);
  absl::Duration fill_time() const;  // between the last two Activates
  void Stop();                       // any thread
  void Wake();                       // any thread: the clock jumped, or space was released

  // --- The thread that flushes. ---
  std::optional<FlushSpan> NextSpan() const;
  uint64_t unflushed_bytes() const;  // synced, not flushed
  void Flushed(const Segment& segment, uint64_t to);
  ChainMarks FirstChainMarks(size_t count) const;
  void ForgetChainMarks(uint64_t through_position);
  // The oldest segment when it is closed and flushed: it leaves the set. Null: none. `reuse` says whether it went to
  // the spares; otherwise its file is to be removed.
  std::shared_ptr<Segment> RemoveFlushed(uint64_t segment_bytes, bool* reuse);
  // Everything written up to now, as a number that grows; up to the last NoteEnd; and how much of that order is
  // flushed. Any thread.
  uint64_t written_mark() const;
  uint64_t ended_mark() const;
  uint64_t flushed_mark() const;

 private:
  struct Live {
    std::shared_ptr<Segment> segment;
    uint64_t written_bytes = 0;
    uint64_t written_position = 0;
    uint64_t synced_bytes = 0;
    uint64_t synced_position = 0;
    uint64_t flushed_bytes = 0;
    uint64_t valid_through = UINT64_MAX;
    bool closed = false;
    bool abandoned = false;
    // What all segments before it held, in bytes: makes marks grow over segments.
    uint64_t base = 0;
  };
  uint64_t WrittenMark() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Live* Find(const Segment& segment) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const Live* OldestUnsynced() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // How long the sync of `live` may still wait; zero: it is due.
  absl::Duration SyncWait(const Live& live, const Clock& clock) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Constant after construction.
  const std::string folder_, instance_;
  const uint32_t lane_;

  bool damaged_ = false;

  mutable absl::Mutex mu_;
  absl::CondVar changed_;
  std::deque<Live> live_ ABSL_GUARDED_BY(mu_);  // oldest first; the last one is written to
  std::shared_ptr<Segment> ready_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<Segment> spare_ ABSL_GUARDED_BY(mu_);
  bool ready_wanted_ ABSL_GUARDED_BY(mu_) = true;
  uint64_t synced_position_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t wanted_position_ ABSL_GUARDED_BY(mu_) = 0;                              // up to here somebody waits
  absl::Duration unsynced_since_ ABSL_GUARDED_BY(mu_) = absl::InfiniteDuration();  // infinite: all is synced
  absl::Duration task_begin_ ABSL_GUARDED_BY(mu_);                                 // of the sync that runs
  absl::Duration gather_until_ ABSL_GUARDED_BY(mu_);                               // no sync for waiters before
  bool gathering_ ABSL_GUARDED_BY(mu_) = false;                                    // the thread waits for that
  absl::Duration activated_at_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  absl::Duration fill_time_ ABSL_GUARDED_BY(mu_) = absl::InfiniteDuration();
  uint64_t base_ ABSL_GUARDED_BY(mu_) = 0;  // of the next segment
  uint64_t ended_mark_ ABSL_GUARDED_BY(mu_) = 0;
  ChainMarks chain_marks_ ABSL_GUARDED_BY(mu_);  // of what is not flushed
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace hoop

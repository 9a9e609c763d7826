// The thread beside a lane's loop: syncs what the loop wrote, prepares the segment that it needs next.
// Made by lane.h; tells it through the `report` callback.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "audit/file_system.h"
#include "audit/journal_numbers.h"
#include "audit/segment_set.h"
#include "base/log.h"
#include "hoop/clock.h"

namespace hoop {

// Makes segments ready: zeros on disk (an overwrite in place needs no metadata, which makes the sync of a small write
// twice as quick), their names in a synced folder. Works in steps so that syncs can go between. Where the last one was
// full in no time, large writes fill them: the next one gets its room, but zeros would cost more than they save.
// One thread.
class SegmentMaker final {
 public:
  SegmentMaker(SegmentSet& set, JournalSpace& space, FileSystem& files, uint64_t segment_bytes,
               uint32_t next_generation);

  // One step. True: the set has a ready segment now. ResourceExhausted: the journal or the disk is full. After an
  // error the next step begins anew.
  absl::StatusOr<bool> Step();

 private:
  absl::Status Begin();
  absl::Status Renew(std::shared_ptr<Segment> spare);
  absl::StatusOr<bool> Continue();
  void GiveUp();

  SegmentSet& set_;
  JournalSpace& space_;
  FileSystem& files_;
  const uint64_t segment_bytes_;
  uint32_t next_generation_;
  std::shared_ptr<Segment> segment_;  // being made; null: none
  uint64_t zeroed_ = 0;
};

// Owned by Lane; the destructor waits until everything written is synced. The thread is named hoop-sync-<lane>.
class LaneSyncer final {
 public:
  // `report` is called on the thread after each sync and each new segment.
  LaneSyncer(SegmentSet& set, SegmentMaker maker, Clock& clock, Log log, std::function<void()> report);
  ~LaneSyncer();
  LaneSyncer(const LaneSyncer&) = delete;
  LaneSyncer& operator=(const LaneSyncer&) = delete;

  const SyncTimes& times() const { return times_; }  // any thread

 private:
  void Run();
  void Sync(const SegmentSet::SyncTask& task);
  void Prepare();

  SegmentSet& set_;
  SegmentMaker maker_;
  Clock& clock_;
  const Log log_;
  const std::function<void()> report_;
  absl::Duration retry_at_ = absl::ZeroDuration();  // thread only
  bool failing_ = false;                            // thread only: said once
  SyncTimes times_;
  const int wake_up_;
  std::thread thread_;  // last: starts when everything above is there
};

}  // namespace hoop

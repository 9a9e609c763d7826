// The journal of one loop: gathers the records of a turn, writes them in one go before anything of that turn is sent,
// and tells sessions when the disk has them. Made by JournalAuditStore; stands on segment_set.h and lane_syncer.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/audit_key.h"
#include "audit/journal_numbers.h"
#include "audit/lane_syncer.h"
#include "audit/segment.h"
#include "audit/segment_set.h"
#include "audit/session_record.h"
#include "base/log.h"
#include "base/loop.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "protocol/record_format.h"

namespace hoop {

// Where a lane goes on.
struct LaneStart {
  uint32_t next_generation = 1;
  uint64_t next_position = 1;
};

// Owned by JournalAuditStore. Loop thread only, but for what says otherwise. Stop ends it.
class Lane final {
 public:
  // How bytes of a session became rows of the database.
  using Flushed = std::vector<std::pair<SessionUuid, uint64_t>>;

  // Returns with a segment ready, unless the journal is full. `synced` is called, on any thread, whenever there may be
  // something to flush. May block.
  static absl::StatusOr<std::unique_ptr<Lane>> Create(std::unique_ptr<SegmentSet> set, const LaneStart& start,
                                                      uint64_t segment_bytes, Loop& loop, Clock& clock, Log log,
                                                      JournalSpace& space, FileSystem& files, const AuditKey& key,
                                                      std::function<void()> synced);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // ResourceExhausted: the journal is full. Unavailable: no segment after a failure. InvalidArgument: no UUID.
  absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead& head, RecordObserver& observer);

  // Writes what is left, syncs it, joins the thread.
  void Stop();

  bool OnThisLoop() const { return loop_.InLoopThread(); }
  SegmentSet& set() { return *set_; }
  void AddTo(JournalNumbers& numbers) const;  // any thread
  void ReportFlushed(Flushed flushed);        // any thread

  // --- For JournalSessionRecord. ---
  void Add(JournalSessionRecord& record);
  void Remove(JournalSessionRecord& record);
  // Takes the record in, in parts when its payload is large; all or nothing. ResourceExhausted: no room.
  absl::Status Append(JournalSessionRecord& record, RecordView view);
  void AddWaiter(JournalSessionRecord& record, uint64_t position, absl::Status never,
                 absl::AnyInvocable<void(const absl::Status&)> done);
  uint64_t synced_position() const { return synced_position_; }
  int64_t NowMicros() const { return absl::ToUnixMicros(loop_.Now()); }
  const AuditKey& key() const { return key_; }
  ChainHasher& hasher() { return hasher_; }

 private:
  // A run of the turn's bytes for one segment.
  struct Piece {
    std::shared_ptr<Segment> segment;
    uint64_t offset = 0;  // in the file
    size_t begin = 0;     // in buffer_
    uint64_t last_position = 0;
  };
  struct Waiter {
    JournalSessionRecord* record;
    absl::Status result;
    absl::AnyInvocable<void(const absl::Status&)> done;
  };

  Lane(std::unique_ptr<SegmentSet> set, const LaneStart& start, uint64_t segment_bytes, Loop& loop, Clock& clock,
       Log log, JournalSpace& space, const AuditKey& key, std::function<void()> synced);

  // Room.
  uint64_t Room() const;
  uint64_t SealReserve() const;
  bool FitsActive(uint64_t bytes) const { return active_ != nullptr && active_end_ + bytes <= active_->capacity; }
  bool NoRoom() const;
  void SwitchSegment();
  void AppendPart(JournalSessionRecord& record, RecordView& view);

  // The end of a turn and what the other threads say.
  void WriteTurn();
  absl::Status WritePieces();
  void OnProgress();
  void OnFlushed(const Flushed& flushed);
  void PostProgress();

  // Failing.
  void AbandonSegments(const absl::Status& status);
  void EndSessions(const absl::Status& status, bool rolled_back);
  std::vector<JournalSessionRecord*> Records() const;
  bool Alive(JournalSessionRecord* record) const { return records_.contains(record); }

  // Pressure.
  void UpdatePressure();
  void UpdateSession(JournalSessionRecord& record);
  bool BehindSync() const;
  void ArmTimers();

  void FireWaiters();
  void ScheduleWaiters();

  // Constant after construction.
  const std::unique_ptr<SegmentSet> set_;
  const uint64_t segment_bytes_;
  const uint64_t session_unflushed_max_;
  Loop& loop_;
  Clock& clock_;
  const Log log_;
  const AuditKey& key_;
  const std::function<void()> synced_;

  // Loop thread only.
  ChainHasher hasher_;
  std::string buffer_;    // the turn's bytes
  bool has_end_ = false;  // a seal is among them
  std::vector<Piece> pieces_;
  bool write_scheduled_ = false;
  std::shared_ptr<Segment> active_, next_;
  uint64_t active_end_ = 0;  // with the turn's bytes
  uint64_t next_position_;
  uint64_t resumes_after_;
  uint64_t synced_position_;
  uint64_t wanted_position_ = 0;  // what was written up to here is synced at once
  std::unordered_set<JournalSessionRecord*> records_;
  std::map<SessionUuid, JournalSessionRecord*> records_by_uuid_;
  std::vector<JournalSessionRecord*> touched_;  // in this turn; null: gone meanwhile
  std::vector<JournalSessionRecord*> marked_;   // have something to be synced
  std::multimap<uint64_t, Waiter> waiters_;     // by position
  std::deque<Waiter> lost_;                     // what they wait for was lost
  bool waiters_scheduled_ = false;

  uint64_t unsynced_bytes_ = 0;
  absl::Duration unsynced_since_ = absl::InfiniteDuration();  // infinite: all is synced
  absl::Duration full_since_ = absl::InfiniteDuration();
  bool behind_ = false;
  bool stopped_reading_ = false;
  std::unique_ptr<Timer> age_timer_, full_timer_;
  std::atomic<uint64_t> stalls_ = 0;
  std::atomic<uint64_t> request_bytes_ = 0, reply_bytes_ = 0;
  std::atomic<bool> is_full_ = false;

  // Posted calls look here first: the lane may be gone when the loop comes to them.
  std::shared_ptr<Lane*> self_ = std::make_shared<Lane*>(this);
  std::atomic<bool> progress_posted_ = false;
  std::unique_ptr<LaneSyncer> syncer_;  // last: its thread calls PostProgress
};

}  // namespace hoop

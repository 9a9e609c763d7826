// SessionRecord on a lane: the chain and the counts of one session, and where they stood when the disk last agreed.
// Made by Lane::Open, used by session/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fifo.h"
#include "hoop/audit_store.h"
#include "protocol/record_format.h"
#include "protocol/record_seal.h"

namespace hoop {

class Lane;

// Owned by the session. Loop thread of its lane only; ends before the lane.
class JournalSessionRecord final : public SessionRecord {
 public:
  JournalSessionRecord(Lane& lane, const SessionHead& head, const SessionUuid& uuid, RecordObserver& observer);
  ~JournalSessionRecord() override;

  // The kOpen record, and kGiven where the user gave something. InvalidArgument: one of them would be too large.
  absl::Status Begin();

  absl::StatusOr<Position> Append(Direction direction, RecordKind kind, std::string_view connection_id,
                                  std::string_view payload) override;
  absl::StatusOr<Position> Seal(const SessionEnd& end) override;
  Position last() const override { return last_; }
  bool IsDurable(Position position) const override;
  void WhenDurable(Position position, absl::AnyInvocable<void(const absl::Status&)> done) override;

  // --- For the lane. ---
  const SessionUuid& uuid() const { return uuid_; }
  bool is_durable() const { return is_durable_; }
  RecordObserver& observer() { return observer_; }
  void OnAppended(const RecordView& record);  // `bytes` is filled in
  void OnWritten();                           // at the end of a turn: all of the above is in a file
  // Behind last(), at the end of a turn; once per limits::kChainMarkBytes. Null: not yet again.
  const ChainHead* TakeChainMark();
  // False: nothing is left that a later sync could prove.
  bool OnSynced(Position synced_position);
  void OnFlushed(uint64_t bytes) { unflushed_bytes_ -= std::min(bytes, unflushed_bytes_); }
  uint64_t unflushed_bytes() const { return unflushed_bytes_; }
  // Nothing can be appended any more. `rolled_back`: what stands behind `synced_position` is void besides.
  void OnFailed(const absl::Status& status, bool rolled_back, Position synced_position, Position void_until);
  // Seals once more when the failure took the seal away.
  void SealAgain();

  // What the observer was told last, and what Lane wants to tell next.
  bool stopped_reading = false;
  bool over_share = false;  // holds too much of the journal
  bool told_failed = false;
  bool touched = false;  // appended to in this turn
  bool marked = false;   // written, but not synced
  size_t waiters = 0;    // WhenDurable calls that did not happen yet

 private:
  // The record as it stood behind one position.
  struct Mark {
    Position position = 0;
    ChainHead chain_head = {};
    RecordCounts counts;
  };

  absl::StatusOr<Position> Write(Direction direction, RecordKind kind, std::string_view connection_id,
                                 std::string_view payload, int64_t time_us);
  void ForgetMarks(Position synced_position);

  // Constant after construction.
  Lane& lane_;
  RecordObserver& observer_;
  const std::string session_id_;
  const SessionUuid uuid_;
  const bool is_durable_;

  std::string open_payload_, given_payload_;  // until they are synced
  Mark now_;                                  // with everything that was appended
  Fifo<Mark> marks_;                          // one per turn since the last sync; the first one is synced
  Position last_ = 0;
  uint64_t unflushed_bytes_ = 0;
  uint64_t unmarked_bytes_ = 0;    // since TakeChainMark gave one
  std::optional<SessionEnd> end_;  // sealed, or to be sealed
  bool sealed_ = false;
  absl::Status failure_;
  std::string note_;                          // for the seal
  Position void_after_ = 0, void_until_ = 0;  // positions that never become durable: (after, until]
};

}  // namespace hoop

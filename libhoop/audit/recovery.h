// What an earlier life left in the journal: found, checked, sealed, made ready to be flushed.
// Called by JournalAuditStore before anything is opened; stands on segment_scanner.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/audit_key.h"
#include "audit/flush_batch.h"
#include "audit/lane.h"
#include "audit/segment.h"
#include "audit/segment_set.h"
#include "base/log.h"
#include "hoop/clock.h"
#include "protocol/record_seal.h"
#include "store/database.h"
#include "store/record_chunk_table.h"
#include "store/session_table.h"

namespace hoop {

inline constexpr char kRestartedReason[] = "gateway restarted";

// What recovery stands on; all of it outlives the call.
struct RecoveryTools {
  FileSystem& files;
  Database& database;
  JournalSpace& space;
  const AuditKey& key;
  Clock& clock;
  Log log;
  uint64_t segment_bytes;
};

// Recovers one lane's folder. Lives for one call of Run; one thread.
class LaneRecovery final {
 public:
  LaneRecovery(const RecoveryTools& tools, std::string folder, std::string instance, uint32_t lane);

  // Scans, and seals every session that has no seal with the reason `gateway restarted`: those of the journal, and
  // those of `unfinished` whose record came from this lane and is all in the database; they are taken out of it.
  // DataLoss never: damage is logged and noted in the seals.
  absl::Status Run(std::set<std::string>& unfinished);

  // After Run: the segments, to be flushed, and where the lane goes on.
  std::unique_ptr<SegmentSet> TakeSet() { return std::move(set_); }
  const LaneStart& start() const { return start_; }
  size_t sealed() const { return sealed_; }

 private:
  struct Found {
    std::shared_ptr<Segment> segment;
    bool has_header = false;
    SegmentHeader header;
    uint64_t valid_through = UINT64_MAX;
  };
  struct Session {
    StoredTail tail;
    RecordCounts counts;
    bool sealed = false;
  };

  absl::Status OpenSegments();
  absl::Status Scan(const Found& found);
  absl::Status ScanRecord(const RecordView& record);
  absl::Status TakeAway(std::shared_ptr<Segment> segment);
  void Damaged(const Found& found, std::string_view what, uint64_t offset);
  absl::StatusOr<Session> LoadSession(const SessionUuid& uuid);
  absl::Status AddStoredOnly(std::set<std::string>& unfinished);
  absl::Status WriteSeals();

  const RecoveryTools tools_;
  SessionTable session_table_;
  RecordChunkTable chunk_table_;
  const std::string folder_, instance_;
  const uint32_t lane_;
  std::unique_ptr<SegmentSet> set_;
  ChainHasher hasher_;
  std::vector<Found> found_;
  bool spare_ = false;
  std::map<SessionUuid, Session> sessions_;
  uint64_t flushed_lsn_ = 0;    // what is not behind it was stored once, and may be deleted by now
  uint64_t last_position_ = 0;  // the newest record that counts
  std::string damage_;          // the first one, for the seals
  LaneStart start_;
  size_t sealed_ = 0;
};

}  // namespace hoop

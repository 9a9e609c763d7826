// What one pass of the flusher takes from a lane: records sorted by session, as chunks, in one transaction.
// Used by flusher.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "audit/chunk_codec.h"
#include "audit/segment_set.h"
#include "hoop/audit_store.h"
#include "protocol/record_format.h"
#include "store/database.h"
#include "store/organization_table.h"
#include "store/record_chunk_table.h"
#include "store/session_table.h"

namespace hoop {

// Where the stored record of a session ends: the chain goes on from here.
struct StoredTail {
  int64_t seq = 0;  // of the last chunk; 0: none
  uint64_t last_position = 0;
  ChainHead chain_head = {};
};

// Asks the database. DataLoss: the chain head there is none.
absl::StatusOr<StoredTail> LoadStoredTail(RecordChunkTable& chunks, const std::string& session_id);

// Remembers tails, so that the database is asked once per session. Flusher's thread.
class TailCache final {
 public:
  explicit TailCache(Database& database) : chunks_(database), organizations_(database) {}

  absl::StatusOr<StoredTail> Get(const SessionUuid& session);
  void Put(const SessionUuid& session, const StoredTail& tail);
  void Forget(const SessionUuid& session) { tails_.erase(session); }
  // For the row of a session whose open record was lost to damage: its other records are kept all the same.
  absl::StatusOr<SessionHead> HeadOfUnknown(const RecordView& record);
  void Clear() { tails_.clear(); }  // after a commit of which nobody knows whether it happened

  // Somebody deleted the session while it ran: what still comes of it is dropped.
  void Abandon(const SessionUuid& session);
  bool IsAbandoned(const SessionUuid& session) const { return abandoned_.contains(session); }

 private:
  RecordChunkTable chunks_;
  OrganizationTable organizations_;
  std::map<SessionUuid, StoredTail> tails_;
  std::set<SessionUuid> abandoned_;
};

// Where the records of a pass stand. A value.
struct FlushPlace {
  std::string instance;
  uint32_t lane = 0;
  uint32_t generation = 0;
  uint64_t flushed_lsn = 0;  // of the lane: what is not behind it was stored once, and may be deleted by now
};

// Lives for one pass. Flusher's thread.
class FlushBatch final {
 public:
  FlushBatch(FlushPlace place, TailCache& tails, SegmentSet::ChainMarks marks, ChainHasher& hasher,
             ChunkCompressor& compressor);

  // In the order of the journal. What is stored already, or was, is skipped.
  absl::Status Add(const RecordView& record);

  // What was read is not all that was written: the chain is made of it anew.
  void DropChainMarks() { marks_.clear(); }
  // The lane lost records: a session without its first one is kept all the same. Otherwise it was deleted.
  void KeepUnknown() { keeps_unknown_ = true; }
  // In the journal's order, of all that was added.
  uint64_t last_position() const { return last_position_; }

  // One transaction on stable storage. On success the tails are moved on.
  absl::Status Commit(Database& database);

  // After Commit: sessions that are not in the database any more, though records of them were.
  const std::vector<SessionUuid>& deleted() const { return deleted_; }

  // Sessions whose open record nobody can read, and why: they are kept as those whose open record is lost.
  const std::vector<std::pair<SessionUuid, std::string>>& unreadable() const { return unreadable_; }

  // Journal bytes by session, skipped ones too.
  std::vector<std::pair<SessionUuid, uint64_t>> Bytes() const;

 private:
  struct Ended {
    absl::Time at;
    SessionEnd end;
    std::string seal;
  };
  struct Session {
    StoredTail tail;
    std::optional<SessionHead> head;
    std::vector<RecordChunk> chunks;
    std::string open;          // records of the chunk that is being filled
    std::vector<size_t> ends;  // of each record in `open`, which the chain head does not know yet
    RecordChunk next;
    SessionCounts counts;
    std::optional<Ended> ended;
    uint64_t bytes = 0;
  };

  absl::StatusOr<Session*> Find(const SessionUuid& uuid);
  void ExtendChain(Session& session);
  void CloseChunk(Session& session);
  // False: the session was deleted.
  absl::StatusOr<bool> Store(Transaction& transaction, const std::string& session_id, const Session& session) const;

  const FlushPlace place_;
  TailCache& tails_;
  bool keeps_unknown_ = false;
  SegmentSet::ChainMarks marks_;
  uint64_t last_position_ = 0;
  ChainHasher& hasher_;
  ChunkCompressor& compressor_;
  std::map<SessionUuid, Session> sessions_;
  std::map<SessionUuid, uint64_t> skipped_bytes_;
  std::vector<SessionUuid> deleted_;
  std::vector<std::pair<SessionUuid, std::string>> unreadable_;
};

}  // namespace hoop

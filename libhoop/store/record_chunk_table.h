// The stored record of sessions, in chunks as the journal flushed them. Written and read by audit/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "store/database.h"

namespace hoop {

struct RecordChunk {
  std::string session_id;
  int64_t seq = 0;       // counts the chunks of a session, from 1
  std::string instance;  // where it came from in the journal
  int64_t lane = 0;
  std::string generation;
  uint64_t first_lsn = 0;
  uint64_t last_lsn = 0;
  uint64_t records = 0;
  uint64_t raw_bytes = 0;   // before compression
  std::string chain_head;   // after the last record of this chunk
  std::string compression;  // zstd, none
  std::string bytes;        // the records
};

// Where the stored record of a session ends.
struct RecordChunkEnd {
  int64_t seq = 0;
  uint64_t last_lsn = 0;
  std::string chain_head;
};

// Owned by Store. Blocks; any worker thread.
class RecordChunkTable final {
 public:
  explicit RecordChunkTable(Database& database) : database_(database) {}

  // All or nothing, on stable storage when it returns (Durability::kFull).
  // FailedPrecondition: no such session. AlreadyExists: a chunk of that session and seq is there.
  absl::Status Insert(absl::Span<const RecordChunk> chunks);

  // In the order of seq, beginning after `after_seq`, until `bytes_max` stored bytes are reached; at least one
  // chunk when there is one. Empty: that was the end.
  absl::StatusOr<std::vector<RecordChunk>> Page(std::string_view session_id, int64_t after_seq, size_t bytes_max);

  // Absent: nothing of this session is stored.
  absl::StatusOr<std::optional<RecordChunkEnd>> End(std::string_view session_id);

  absl::Status DeleteSession(std::string_view session_id);

  // For those who write several tables in one transaction.
  static absl::Status Insert(Transaction& transaction, const RecordChunk& chunk);

 private:
  Database& database_;
};

}  // namespace hoop

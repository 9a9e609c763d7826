// How far the journal's lanes are in the database: what was flushed once is never flushed again, whatever became of it.
// Written by audit/ with what it flushes, asked before and at the next start.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/database.h"

namespace hoop {

// Owned by audit/. Blocks; any worker thread.
class JournalLaneTable final {
 public:
  explicit JournalLaneTable(Database& database) : database_(database) {}

  // The last LSN of the lane that was flushed; 0: nothing was.
  absl::StatusOr<uint64_t> Flushed(std::string_view instance, uint32_t lane);

  // In the transaction that stores the records up to there.
  static absl::Status SetFlushed(Transaction& transaction, std::string_view instance, uint32_t lane, uint64_t lsn);

 private:
  Database& database_;
};

}  // namespace hoop

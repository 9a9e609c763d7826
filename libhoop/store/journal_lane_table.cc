#include "store/journal_lane_table.h"

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::StatusOr<uint64_t> JournalLaneTable::Flushed(std::string_view instance, uint32_t lane) {
  uint64_t lsn = 0;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select("select flushed_lsn from journal_lanes where instance = $1 and lane = $2",
                              {instance, int64_t{lane}}, [&lsn](const Row& row) {
                                lsn = static_cast<uint64_t>(row.Int(0));
                                return absl::OkStatus();
                              });
  }));
  return lsn;
}

absl::Status JournalLaneTable::SetFlushed(Transaction& transaction, std::string_view instance, uint32_t lane,
                                          uint64_t lsn) {
  const absl::StatusOr<int64_t> written = transaction.Execute(
      "insert into journal_lanes (instance, lane, flushed_lsn) values ($1, $2, $3) "
      "on conflict (instance, lane) do update set flushed_lsn = excluded.flushed_lsn",
      {instance, int64_t{lane}, lsn});
  return Annotate(written.status(), fmt::format("journal {}, lane {}", instance, lane));
}

}  // namespace hoop

#include "store/connection_group_table.h"

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::StatusOr<std::vector<std::string>> ConnectionGroupTable::Get(std::string_view connection_id) {
  std::vector<std::string> groups;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select("select group_name from connection_groups where connection_id = $1 order by group_name",
                              {connection_id}, [&](const Row& row) {
                                groups.push_back(row.String(0));
                                return absl::OkStatus();
                              });
  }));
  return groups;
}

absl::Status ConnectionGroupTable::Replace(std::string_view connection_id, const std::vector<std::string>& groups) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(
        transaction.Execute("delete from connection_groups where connection_id = $1", {connection_id}).status());
    for (const std::string& group : groups) {
      const absl::StatusOr<int64_t> inserted = transaction.Execute(
          "insert into connection_groups (connection_id, group_name) values ($1, $2) "
          "on conflict (connection_id, group_name) do nothing",
          {connection_id, group});
      HOOP_RETURN_IF_ERROR(Annotate(inserted.status(), fmt::format("groups of connection {}", connection_id)));
    }
    return absl::OkStatus();
  });
}

}  // namespace hoop

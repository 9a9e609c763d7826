#include "store/connection_group_table.h"

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

absl::Status InsertGroups(Transaction& transaction, std::string_view connection_id,
                          const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    const absl::StatusOr<int64_t> inserted = transaction.Execute(
        "insert into connection_groups (connection_id, group_name) values ($1, $2) "
        "on conflict (connection_id, group_name) do nothing",
        {connection_id, group});
    HOOP_RETURN_IF_ERROR(Annotate(inserted.status(), fmt::format("groups of connection {}", connection_id)));
  }
  return absl::OkStatus();
}

absl::Status NoConnection(std::string_view connection_id) {
  return NotFound("connection {}: there is none", connection_id);
}

absl::Status RequireConnection(Transaction& transaction, std::string_view org_id, std::string_view connection_id) {
  bool found = false;
  HOOP_RETURN_IF_ERROR(transaction.Select("select 1 from connections where id = $1 and org_id = $2",
                                          {connection_id, org_id}, [&](const Row&) {
                                            found = true;
                                            return absl::OkStatus();
                                          }));
  return found ? absl::OkStatus() : NoConnection(connection_id);
}

}  // namespace

absl::Status ReplaceConnectionGroups(Transaction& transaction, std::string_view connection_id,
                                     const std::vector<std::string>& groups) {
  HOOP_RETURN_IF_ERROR(
      transaction.Execute("delete from connection_groups where connection_id = $1", {connection_id}).status());
  return InsertGroups(transaction, connection_id, groups);
}

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

absl::StatusOr<ConnectionGroups> ConnectionGroupTable::List(std::string_view org_id) {
  ConnectionGroups groups;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(
        "select g.connection_id, g.group_name from connection_groups as g "
        "join connections as c on c.id = g.connection_id where c.org_id = $1 order by g.group_name",
        {org_id}, [&](const Row& row) {
          groups[row.String(0)].push_back(row.String(1));
          return absl::OkStatus();
        });
  }));
  return groups;
}

absl::Status ConnectionGroupTable::Replace(std::string_view org_id, std::string_view connection_id,
                                           const std::vector<std::string>& groups, absl::Time now) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t changed,
                          transaction.Execute("update connections set updated_at = $3 where id = $1 and org_id = $2",
                                              {connection_id, org_id, now}));
    if (changed == 0) return NoConnection(connection_id);
    return ReplaceConnectionGroups(transaction, connection_id, groups);
  });
}

absl::Status ConnectionGroupTable::ReplaceAll(std::string_view org_id, const ConnectionGroups& groups) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(
        transaction
            .Execute("delete from connection_groups where connection_id in (select id from connections "
                     "where org_id = $1)",
                     {org_id})
            .status());
    for (const auto& [connection_id, names] : groups) {
      HOOP_RETURN_IF_ERROR(RequireConnection(transaction, org_id, connection_id));
      HOOP_RETURN_IF_ERROR(InsertGroups(transaction, connection_id, names));
    }
    return absl::OkStatus();
  });
}

}  // namespace hoop

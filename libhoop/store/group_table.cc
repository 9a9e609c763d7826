#include "store/group_table.h"

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// Each has the columns org_id and name.
constexpr std::string_view kTables[] = {"declared_groups", "user_groups", "service_account_groups", "api_key_groups"};

std::string SelectNames(std::string_view condition) {
  std::string sql;
  for (std::string_view table : kTables) {
    if (!sql.empty()) sql += " union ";  // without "all": each once
    sql += fmt::format("select name from {} where org_id = $1{}", table, condition);
  }
  return sql;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> GroupTable::List(std::string_view org_id) {
  std::vector<std::string> names;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(SelectNames("") + " order by name", {org_id}, [&](const Row& row) {
      names.push_back(row.String(0));
      return absl::OkStatus();
    });
  }));
  return names;
}

absl::Status GroupTable::Insert(std::string_view org_id, std::string_view name, absl::Time now) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    bool exists = false;
    HOOP_RETURN_IF_ERROR(transaction.Select(SelectNames(" and name = $2"), {org_id, name}, [&](const Row&) {
      exists = true;
      return absl::OkStatus();
    }));
    if (exists) return AlreadyExists("group {}: there is one", name);
    return transaction
        .Execute("insert into declared_groups (org_id, name, created_at) values ($1, $2, $3)", {org_id, name, now})
        .status();
  });
}

absl::Status GroupTable::Delete(std::string_view org_id, std::string_view name) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    int64_t deleted = 0;
    for (std::string_view table : kTables) {
      HOOP_ASSIGN_OR_RETURN(
          const int64_t rows,
          transaction.Execute(fmt::format("delete from {} where org_id = $1 and name = $2", table), {org_id, name}));
      deleted += rows;
    }
    return deleted > 0 ? absl::OkStatus() : NotFound("group {}: there is none", name);
  });
}

}  // namespace hoop

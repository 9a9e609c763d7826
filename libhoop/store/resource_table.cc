#include "store/resource_table.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"

namespace hoop {
namespace {

constexpr std::string_view kInsert =
    "insert into resources (id, org_id, name, type, subtype, agent_id, created_at, updated_at) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8) ";

absl::Status Write(Transaction& transaction, const std::string& sql, const ResourceRow& resource) {
  const absl::StatusOr<int64_t> written =
      transaction.Execute(sql, {resource.id, resource.org_id, resource.name, resource.type, resource.subtype,
                                resource.agent_id, resource.created_at, resource.updated_at});
  return Annotate(written.status(), fmt::format("resource {}", resource.name));
}

}  // namespace

absl::Status ResourceTable::Insert(const ResourceRow& resource, const std::vector<ConnectionRow>& roles) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(Write(transaction, std::string(kInsert), resource));
    for (const ConnectionRow& role : roles) HOOP_RETURN_IF_ERROR(InsertConnection(transaction, role, {}, box_));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ResourceRow>> ResourceTable::List(std::string_view org_id) {
  std::vector<ResourceRow> resources;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(
        "select id, org_id, name, type, subtype, agent_id, created_at, updated_at from resources "
        "where org_id = $1 order by name",
        {org_id}, [&](const Row& row) {
          RowReader reader(row);
          ResourceRow& resource = resources.emplace_back();
          resource.id = reader.String();
          resource.org_id = reader.String();
          resource.name = reader.String();
          resource.type = reader.String();
          resource.subtype = reader.String();
          resource.agent_id = reader.String();
          resource.created_at = reader.Time();
          resource.updated_at = reader.Time();
          return absl::OkStatus();
        });
  }));
  return resources;
}

absl::Status ResourceTable::Put(const ResourceRow& resource) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return Write(transaction,
                 fmt::format("{}on conflict (org_id, name) do update set type = excluded.type, "
                             "subtype = excluded.subtype, agent_id = excluded.agent_id, "
                             "updated_at = excluded.updated_at",
                             kInsert),
                 resource);
  });
}

absl::Status ResourceTable::Delete(std::string_view org_id, std::string_view name) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t deleted,
                          transaction.Execute("delete from resources where org_id = $1 and name = $2", {org_id, name}));
    return deleted == 1 ? absl::OkStatus() : NotFound("resource {}: there is none", name);
  });
}

}  // namespace hoop

#include "store/api_key_table.h"

#include <map>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"

namespace hoop {
namespace {

constexpr std::string_view kSelect =
    "select id, org_id, name, key_hash, masked_key, active, created_by, deactivated_by, created_at, deactivated_at, "
    "last_used_at from api_keys ";

ApiKeyRow ReadKey(const Row& row) {
  RowReader reader(row);
  ApiKeyRow key;
  key.id = reader.String();
  key.org_id = reader.String();
  key.name = reader.String();
  key.key_hash = reader.String();
  key.masked_key = reader.String();
  key.active = reader.Bool();
  key.created_by = reader.String();
  key.deactivated_by = reader.String();
  key.created_at = reader.Time();
  key.deactivated_at = reader.OptionalTime();
  key.last_used_at = reader.OptionalTime();
  return key;
}

absl::Status InsertGroups(Transaction& transaction, const ApiKeyRow& key) {
  for (const std::string& group : key.groups) {
    HOOP_RETURN_IF_ERROR(transaction
                             .Execute("insert into api_key_groups (org_id, key_id, name) values ($1, $2, $3) "
                                      "on conflict (key_id, name) do nothing",
                                      {key.org_id, key.id, group})
                             .status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApiKeyTable::Insert(const ApiKeyRow& key) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    const absl::StatusOr<int64_t> inserted = transaction.Execute(
        "insert into api_keys (id, org_id, name, key_hash, masked_key, active, created_by, deactivated_by, created_at, "
        "deactivated_at, last_used_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        {key.id, key.org_id, key.name, key.key_hash, key.masked_key, key.active, key.created_by, key.deactivated_by,
         key.created_at, key.deactivated_at, key.last_used_at});
    HOOP_RETURN_IF_ERROR(Annotate(inserted.status(), fmt::format("api key {}", key.name)));
    return InsertGroups(transaction, key);
  });
}

absl::StatusOr<ApiKeyRow> ApiKeyTable::FindOne(std::string_view where, absl::Span<const SqlValue> values,
                                               std::string_view named) {
  std::optional<ApiKeyRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(transaction.Select(fmt::format("{}{}", kSelect, where), values, [&](const Row& row) {
      found = ReadKey(row);
      return absl::OkStatus();
    }));
    if (!found.has_value()) return NotFound("api key {}: there is none", named);
    return transaction.Select("select name from api_key_groups where key_id = $1 order by name", {found->id},
                              [&](const Row& row) {
                                found->groups.push_back(row.String(0));
                                return absl::OkStatus();
                              });
  }));
  return *std::move(found);
}

absl::StatusOr<ApiKeyRow> ApiKeyTable::FindByHash(std::string_view key_hash) {
  return FindOne("where key_hash = $1", {key_hash}, "with that hash");
}

absl::StatusOr<ApiKeyRow> ApiKeyTable::Find(std::string_view org_id, std::string_view name_or_id) {
  return FindOne("where org_id = $1 and (id = $2 or name = $2) order by case when id = $2 then 0 else 1 end limit 1",
                 {org_id, name_or_id}, name_or_id);
}

absl::StatusOr<std::vector<ApiKeyRow>> ApiKeyTable::List(std::string_view org_id) {
  std::vector<ApiKeyRow> keys;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    std::map<std::string, std::vector<std::string>> groups;
    HOOP_RETURN_IF_ERROR(transaction.Select("select key_id, name from api_key_groups where org_id = $1 order by name",
                                            {org_id}, [&](const Row& row) {
                                              groups[row.String(0)].push_back(row.String(1));
                                              return absl::OkStatus();
                                            }));
    return transaction.Select(fmt::format("{}where org_id = $1 order by name", kSelect), {org_id}, [&](const Row& row) {
      ApiKeyRow key = ReadKey(row);
      key.groups = std::move(groups[key.id]);
      keys.push_back(std::move(key));
      return absl::OkStatus();
    });
  }));
  return keys;
}

absl::Status ApiKeyTable::Update(const ApiKeyRow& key) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    const absl::StatusOr<int64_t> changed = transaction.Execute(
        "update api_keys set name = $2, active = $3, deactivated_by = $4, deactivated_at = $5 "
        "where id = $1 and org_id = $6",
        {key.id, key.name, key.active, key.deactivated_by, key.deactivated_at, key.org_id});
    HOOP_RETURN_IF_ERROR(Annotate(changed.status(), fmt::format("api key {}", key.name)));
    if (*changed != 1) return NotFound("api key {}: there is none", key.name);
    HOOP_RETURN_IF_ERROR(transaction.Execute("delete from api_key_groups where key_id = $1", {key.id}).status());
    return InsertGroups(transaction, key);
  });
}

absl::Status ApiKeyTable::SetLastUsed(std::string_view id, absl::Time now) {
  return database_.Write(Durability::kNormal, [&](Transaction& transaction) {
    return transaction.Execute("update api_keys set last_used_at = $2 where id = $1", {id, now}).status();
  });
}

}  // namespace hoop

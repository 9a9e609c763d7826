#include "store/organization_table.h"

#include <optional>

#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

absl::StatusOr<std::optional<OrganizationRow>> SelectOne(Transaction& transaction, std::string_view where,
                                                         absl::Span<const SqlValue> values) {
  std::optional<OrganizationRow> found;
  HOOP_RETURN_IF_ERROR(transaction.Select(
      fmt::format("select id, name, created_at from organizations {} limit 1", where), values, [&](const Row& row) {
        found = OrganizationRow{.id = row.String(0), .name = row.String(1), .created_at = row.Time(2)};
        return absl::OkStatus();
      }));
  return found;
}

}  // namespace

absl::StatusOr<OrganizationRow> OrganizationTable::EnsureDefault(absl::Time now) {
  OrganizationRow result;
  HOOP_RETURN_IF_ERROR(database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const auto found, SelectOne(transaction, "order by created_at, id", {}));
    if (found.has_value()) {
      result = *found;
      return absl::OkStatus();
    }
    result = {.id = NewUuid(), .name = "default", .created_at = now};
    return transaction
        .Execute("insert into organizations (id, name, created_at) values ($1, $2, $3)",
                 {result.id, result.name, result.created_at})
        .status();
  }));
  return result;
}

absl::StatusOr<OrganizationRow> OrganizationTable::Find(std::string_view id) {
  std::optional<OrganizationRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(found, SelectOne(transaction, "where id = $1", {id}));
    return absl::OkStatus();
  }));
  if (!found.has_value()) return NotFound("organization {}: there is none", id);
  return *std::move(found);
}

}  // namespace hoop

// Organizations: everything else belongs to one. One row, the default, until there are tenants.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

struct OrganizationRow {
  std::string id;
  std::string name;
  absl::Time created_at;
};

// Owned by Store. Blocks; any worker thread.
class OrganizationTable final {
 public:
  explicit OrganizationTable(Database& database) : database_(database) {}

  // The oldest organization; the first start makes it.
  absl::StatusOr<OrganizationRow> EnsureDefault(absl::Time now);

  absl::StatusOr<OrganizationRow> Find(std::string_view id);

 private:
  Database& database_;
};

}  // namespace hoop

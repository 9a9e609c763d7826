// The names of all groups of an organization: those somebody is in, and those that were made without members.
// Read and written by rest/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the group.
class GroupTable final {
 public:
  explicit GroupTable(Database& database) : database_(database) {}

  absl::StatusOr<std::vector<std::string>> List(std::string_view org_id);  // sorted, each once

  // A group without members. AlreadyExists also when somebody is in a group of that name.
  absl::Status Insert(std::string_view org_id, std::string_view name, absl::Time now);

  // Nobody is in it any more. What only this group may use (connection_group_table.h) stays as it is: then it is used
  // by administrators only.
  absl::Status Delete(std::string_view org_id, std::string_view name);

 private:
  Database& database_;
};

}  // namespace hoop

// Which groups see a connection. A connection without a row here is seen by every user of its organization.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/database.h"

namespace hoop {

// Owned by Store. Blocks; any worker thread. Rows go with their connection.
class ConnectionGroupTable final {
 public:
  explicit ConnectionGroupTable(Database& database) : database_(database) {}

  absl::StatusOr<std::vector<std::string>> Get(std::string_view connection_id);  // sorted

  // FailedPrecondition: no such connection.
  absl::Status Replace(std::string_view connection_id, const std::vector<std::string>& groups);

 private:
  Database& database_;
};

}  // namespace hoop

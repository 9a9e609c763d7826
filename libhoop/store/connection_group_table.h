// Which groups may use a connection: see it, connect, run commands. A connection without a row here is for every user
// of its organization; administrators may use all. Asked with each look-up of a connection
// (ConnectionTable::FindVisible).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

// Connection id -> groups, sorted. A connection that everybody may use is not in it.
using ConnectionGroups = std::map<std::string, std::vector<std::string>>;

// Owned by Store. Blocks; any worker thread. Rows go with their connection.
class ConnectionGroupTable final {
 public:
  explicit ConnectionGroupTable(Database& database) : database_(database) {}

  absl::StatusOr<std::vector<std::string>> Get(std::string_view connection_id);  // sorted
  absl::StatusOr<ConnectionGroups> List(std::string_view org_id);

  // Changes the connection at `now`. NotFound: the organization has none of this id.
  absl::Status Replace(std::string_view org_id, std::string_view connection_id, const std::vector<std::string>& groups,
                       absl::Time now);

  // Of all connections of an organization, in one step. NotFound: a connection that it has not.
  absl::Status ReplaceAll(std::string_view org_id, const ConnectionGroups& groups);

 private:
  Database& database_;
};

// For who writes a connection in the same step.
absl::Status ReplaceConnectionGroups(Transaction& transaction, std::string_view connection_id,
                                     const std::vector<std::string>& groups);

}  // namespace hoop

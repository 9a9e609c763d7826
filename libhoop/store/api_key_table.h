// API keys of an organization: bearer tokens that do not run out, with the names of their groups. Only hashes are kept.
// Read by identity/, read and written by rest/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

struct ApiKeyRow {
  std::string id;  // a UUID
  std::string org_id;
  std::string name;        // unique in the organization
  std::string key_hash;    // hex SHA-256 of the whole key
  std::string masked_key;  // its first letters, for people
  bool active = true;
  std::vector<std::string> groups;  // sorted, each once
  std::string created_by;           // an e-mail
  std::string deactivated_by;
  absl::Time created_at;
  std::optional<absl::Time> deactivated_at;
  std::optional<absl::Time> last_used_at;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the key by its name.
class ApiKeyTable final {
 public:
  explicit ApiKeyTable(Database& database) : database_(database) {}

  absl::Status Insert(const ApiKeyRow& key);
  absl::StatusOr<ApiKeyRow> FindByHash(std::string_view key_hash);
  // An id wins over a key that is named like it.
  absl::StatusOr<ApiKeyRow> Find(std::string_view org_id, std::string_view name_or_id);
  absl::StatusOr<std::vector<ApiKeyRow>> List(std::string_view org_id);  // by name

  // By id: name, status and who ended it; the groups are replaced.
  absl::Status Update(const ApiKeyRow& key);
  absl::Status SetLastUsed(std::string_view id, absl::Time now);

 private:
  absl::StatusOr<ApiKeyRow> FindOne(std::string_view where, absl::Span<const SqlValue> values, std::string_view named);

  Database& database_;
};

}  // namespace hoop

// Resources: what connections ("roles") lead to, by name. A connection may name one that has no row here; a row may
// have no connection yet. Read and written by rest/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/connection_table.h"
#include "store/database.h"

namespace hoop {

struct ResourceRow {
  std::string id;  // a UUID
  std::string org_id;
  std::string name;  // unique in the organization
  std::string type;
  std::string subtype;
  std::string agent_id;
  absl::Time created_at;
  absl::Time updated_at;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the resource.
class ResourceTable final {
 public:
  ResourceTable(Database& database, const SecretBox& box) : database_(database), box_(box) {}

  // With its first connections, in one step. AlreadyExists names what is there: the resource or a connection.
  absl::Status Insert(const ResourceRow& resource, const std::vector<ConnectionRow>& roles = {});
  absl::StatusOr<std::vector<ResourceRow>> List(std::string_view org_id);  // by name

  // Inserts, or changes type, subtype and agent of the one of that name.
  absl::Status Put(const ResourceRow& resource);
  absl::Status Delete(std::string_view org_id, std::string_view name);

 private:
  Database& database_;
  const SecretBox& box_;  // for the secrets of first connections
};

}  // namespace hoop

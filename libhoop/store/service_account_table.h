// Programs that may call the gateway, with the names of their groups. Read by identity/ and rest/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

struct ServiceAccountRow {
  std::string id;  // made from the subject: ServiceAccountId() in identity/local_accounts.h
  std::string org_id;
  std::string subject;  // unique in the organization
  std::string name;
  bool active = true;
  std::vector<std::string> groups;  // sorted, each once
  absl::Time created_at;
  absl::Time updated_at;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the account.
class ServiceAccountTable final {
 public:
  explicit ServiceAccountTable(Database& database) : database_(database) {}

  absl::Status Insert(const ServiceAccountRow& account);
  absl::StatusOr<ServiceAccountRow> FindById(std::string_view id);
  absl::StatusOr<ServiceAccountRow> FindBySubject(std::string_view org_id, std::string_view subject);
  absl::StatusOr<std::vector<ServiceAccountRow>> List(std::string_view org_id);  // by subject

  // By id: name and status; the groups are replaced.
  absl::Status Update(const ServiceAccountRow& account);

 private:
  absl::StatusOr<ServiceAccountRow> FindOne(std::string_view where, absl::Span<const SqlValue> values,
                                            std::string_view named);

  Database& database_;
};

}  // namespace hoop

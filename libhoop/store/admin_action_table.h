// What administrators changed: who, what, with which outcome. Written and read by rest/; never changed, never deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

struct AdminActionRow {
  std::string id;  // a UUID
  std::string org_id;
  std::string actor_subject;
  std::string actor_email;
  std::string actor_name;
  std::string resource_type;  // users, connections ...
  std::string action;         // create, update, delete
  std::string http_method;
  int http_status = 0;
  std::string http_path;
  std::string client_ip;
  std::string payload;  // JSON without secrets; empty: there was none
  std::string error_message;
  bool outcome = false;  // it was done
  absl::Time created_at;
};

// What a list is narrowed to; an empty field does not narrow.
struct AdminActionFilter {
  std::string actor_subject;
  std::string actor_email;  // a part of it, without regard to case
  std::string resource_type;
  std::string action;
  std::string http_method;
  std::optional<int> http_status;
  std::string http_path;
  std::string client_ip;
  std::optional<bool> outcome;
  std::optional<absl::Time> created_after;
  std::optional<absl::Time> created_before;
  int limit = 50;
  int offset = 0;
};

// Owned by Store. Blocks; any worker thread.
class AdminActionTable final {
 public:
  explicit AdminActionTable(Database& database) : database_(database) {}

  absl::Status Insert(const AdminActionRow& action);
  absl::StatusOr<std::vector<AdminActionRow>> List(std::string_view org_id,
                                                   const AdminActionFilter& filter);        // newest first
  absl::StatusOr<int64_t> Count(std::string_view org_id, const AdminActionFilter& filter);  // limit, offset ignored

 private:
  Database& database_;
};

}  // namespace hoop

// Connections: the named resources, with the secrets that only their agent gets. Read by the gateway for each
// session, by rest/; written by rest/ and by the development mode.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/audit_store.h"
#include "store/database.h"
#include "store/secret_box.h"

namespace hoop {

struct ConnectionRow {
  std::string id;  // a UUID
  std::string org_id;
  std::string name;  // unique in the organization
  std::string type;
  std::string subtype;
  std::vector<std::string> command;
  std::string agent_id;                        // may name an agent that is not there: such a connection is offline
  std::map<std::string, std::string> secrets;  // "envvar:X" or "filesystem:X" -> base64 of the value
  RecordPolicy record_policy = RecordPolicy::kDurable;
  bool exec_enabled = true;
  bool connect_enabled = true;
  bool runbooks_enabled = true;
  bool schema_enabled = false;
  std::vector<std::string> tags;                       // the old list
  std::map<std::string, std::string> connection_tags;  // key -> value
  std::vector<std::string> reviewers;
  std::vector<std::string> redact_types;
  std::vector<std::string> guardrail_rules;
  std::vector<std::string> force_approve_groups;
  std::vector<std::string> mandatory_metadata_fields;
  std::vector<std::string> attributes;
  std::string resource_name;
  std::string jira_issue_template_id;
  std::optional<std::string> managed_by;
  std::optional<int> access_max_duration_seconds;
  std::optional<int> min_review_approvals;
  absl::Time secrets_updated_at;
  absl::Time created_at;
  absl::Time updated_at;
};

// `managed_by` of the connections that agents bring along.
inline constexpr std::string_view kManagedByAgent = "hoopagent";

// What a list is narrowed to; an empty field does not narrow.
struct ConnectionFilter {
  std::optional<std::vector<std::string>> visible_to_groups;  // absent: everything, as admins see it
  std::string agent_id;
  std::string type;
  std::string subtype;
  std::string managed_by;
  std::string name;  // exact
  std::string resource_name;
  std::vector<std::string> ids;                                  // one of them
  std::vector<std::string> tags;                                 // all of them
  std::vector<std::string> attributes;                           // all of them
  std::vector<std::pair<std::string, std::string>> tags_equal;   // connection_tags: key and value, all of them
  std::vector<std::pair<std::string, std::string>> tags_differ;  // none of them
  std::string search;  // part of name, type or subtype, without regard to case
  std::optional<int> limit;
  int offset = 0;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the connection.
class ConnectionTable final {
 public:
  ConnectionTable(Database& database, const SecretBox& box) : database_(database), box_(box) {}

  // `groups`: who may use it (connection_group_table.h); none: everybody.
  absl::Status Insert(const ConnectionRow& connection, const std::vector<std::string>& groups = {});

  // Inserts, or replaces the connection of that name, whose id and created_at stay.
  absl::Status Put(const ConnectionRow& connection);

  // By id: everything but org, name and created_at; `groups` as for Insert, absent: they stay.
  absl::Status Update(const ConnectionRow& connection,
                      const std::optional<std::vector<std::string>>& groups = std::nullopt);

  // An id wins over a connection that is named like it.
  absl::StatusOr<ConnectionRow> Find(std::string_view org_id, std::string_view name_or_id);

  // NotFound also for what none of `groups` may see (connection_group_table.h).
  absl::StatusOr<ConnectionRow> FindVisible(std::string_view org_id, std::string_view name_or_id,
                                            const std::vector<std::string>& groups);

  absl::StatusOr<std::vector<ConnectionRow>> List(std::string_view org_id, const ConnectionFilter& filter);  // by name
  absl::StatusOr<int64_t> Count(std::string_view org_id, const ConnectionFilter& filter);  // limit, offset ignored
  absl::Status Delete(std::string_view org_id, std::string_view name);

 private:
  Database& database_;
  const SecretBox& box_;  // secrets are sealed with it in the database (sealed_secrets.h)
};

// For who writes a connection with something else in one step; otherwise as ConnectionTable::Insert.
absl::Status InsertConnection(Transaction& transaction, const ConnectionRow& connection,
                              const std::vector<std::string>& groups, const SecretBox& box);

}  // namespace hoop

// Agents: the name, the hash of the key and what the agent said of itself. Read by identity/ and rest/, written by
// rest/ and by the gateway when an agent comes or goes.
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

struct AgentRow {
  std::string id;  // made from organization and name: AgentId() in identity/agent_keys.h
  std::string org_id;
  std::string name;
  std::string mode;      // standard, embedded, multi-connection
  std::string key_hash;  // hex SHA-256 of the key
  std::string key;       // of organization keys only, which are shown again; else empty
  bool connected = false;
  std::map<std::string, std::string> metadata;  // version, hostname, platform, kernel-version ... as it connected last
  absl::Time created_at;
  absl::Time updated_at;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the agent.
class AgentTable final {
 public:
  explicit AgentTable(Database& database) : database_(database) {}

  absl::Status Insert(const AgentRow& agent);

  // Inserts, or gives the agent of that name this mode and key hash; its id and metadata stay.
  absl::Status Put(const AgentRow& agent);

  absl::StatusOr<AgentRow> Find(std::string_view org_id, std::string_view name_or_id);
  absl::StatusOr<AgentRow> FindByKeyHash(std::string_view key_hash);
  absl::StatusOr<std::vector<AgentRow>> List(std::string_view org_id);  // by name
  absl::Status Delete(std::string_view org_id, std::string_view name_or_id);

  absl::Status SetConnected(std::string_view id, const std::map<std::string, std::string>& metadata, absl::Time now);
  absl::Status SetDisconnected(std::string_view id, absl::Time now);
  absl::Status DisconnectAll(absl::Time now);  // at the start of a gateway nobody is connected

 private:
  absl::StatusOr<AgentRow> FindOne(std::string_view where, absl::Span<const SqlValue> values, std::string_view named);

  Database& database_;
};

}  // namespace hoop

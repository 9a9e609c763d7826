// Agents: the name, the hash of the key and what the agent said of itself; an organization's key also sealed, for it is
// shown again. Read by identity/ and rest/, written by rest/ and by the gateway when an agent comes or goes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"
#include "store/secret_box.h"

namespace hoop {

struct AgentRow {
  std::string id;  // made from organization and name: AgentId() in identity/agent_keys.h
  std::string org_id;
  std::string name;
  std::string mode;      // standard, embedded, multi-connection
  std::string key_hash;  // hex SHA-256 of the key
  bool connected = false;
  std::map<std::string, std::string> metadata;  // version, hostname, platform, kernel-version ... as it connected last
  absl::Time created_at;
  absl::Time updated_at;
};

// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the agent.
class AgentTable final {
 public:
  AgentTable(Database& database, const SecretBox& box) : database_(database), box_(box) {}

  // With `key` it can be read again (Key), else only its hash is kept. FailedPrecondition: another gateway changed the
  // secrets key.
  absl::Status Insert(const AgentRow& agent, std::string_view key = "");

  // Inserts, or gives the agent of that name this mode and key hash; its id and metadata stay. No key can be read.
  absl::Status Put(const AgentRow& agent);

  absl::StatusOr<AgentRow> Find(std::string_view org_id, std::string_view name_or_id);
  absl::StatusOr<AgentRow> FindByKeyHash(std::string_view key_hash);
  // NotFound: no such agent, or its key cannot be read again. FailedPrecondition, DataLoss: as SecretBox::Open.
  absl::StatusOr<std::string> Key(std::string_view org_id, std::string_view name);
  absl::StatusOr<std::vector<AgentRow>> List(std::string_view org_id);  // by name
  absl::Status Delete(std::string_view org_id, std::string_view name_or_id);

  absl::Status SetConnected(std::string_view id, const std::map<std::string, std::string>& metadata, absl::Time now);
  absl::Status SetDisconnected(std::string_view id, absl::Time now);
  absl::Status DisconnectAll(absl::Time now);  // at the start of a gateway nobody is connected

 private:
  absl::StatusOr<AgentRow> FindOne(std::string_view where, absl::Span<const SqlValue> values, std::string_view named);

  Database& database_;
  const SecretBox& box_;
};

}  // namespace hoop

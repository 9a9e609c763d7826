// What lies sealed in the database: the secrets of connections, each value for its connection and name, and the keys of
// agents that can be read again. Used by ConnectionTable and AgentTable; Store adopts the key at its start;
// ReencryptSecrets is a command of operators.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/database.h"
#include "store/secret_box.h"

namespace hoop {

using Secrets = std::map<std::string, std::string>;  // "envvar:X" or "filesystem:X" -> base64 of the value

Secrets SealSecrets(const SecretBox& box, std::string_view connection_id, const Secrets& secrets);
// FailedPrecondition, DataLoss: as SecretBox::Open; names the secret, never its value.
absl::StatusOr<Secrets> OpenSecrets(const SecretBox& box, std::string_view connection_id, const Secrets& sealed);

std::string SealAgentKey(const SecretBox& box, std::string_view agent_id, std::string_view key);
absl::StatusOr<std::string> OpenAgentKey(const SecretBox& box, std::string_view agent_id, std::string_view sealed);

// The first start with a key seals what lies there in clear and keeps a check value; later ones compare, and seal what
// an older program left in clear beside it.
// FailedPrecondition: the database has another key.
absl::Status AdoptSecretsKey(Database& database, const SecretBox& box);

// The first version of the schema that knows a key of secrets.
inline constexpr int64_t kSecretsKeySchema = 9;

// Whether `box` (null: there is no key) opens what is sealed there; changes nothing. FailedPrecondition: it does not.
absl::Status TrySecretsKey(Database& database, const SecretBox* box);

// For who writes secrets: that nobody changed the key since this process started. FailedPrecondition otherwise.
absl::Status RequireSecretsKey(Transaction& transaction, const SecretBox& box);

// Seals everything anew, all or nothing; how many connections. Nothing to do when it is done already.
// FailedPrecondition: `from` is not the database's key.
absl::StatusOr<int64_t> ReencryptSecrets(Database& database, const SecretBox& from, const SecretBox& to);

}  // namespace hoop

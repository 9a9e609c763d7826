#include "store/sealed_secrets.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/json_column.h"

namespace hoop {
namespace {

constexpr std::string_view kCheckContext = "check value";

std::string ContextOf(std::string_view connection_id, std::string_view name) {
  return fmt::format("connection {} secret {}", connection_id, name);
}

std::string ContextOfKey(std::string_view agent_id) { return fmt::format("agent {} key", agent_id); }

struct StoredKey {
  std::string id;
  std::string check_value;
};

absl::StatusOr<std::optional<StoredKey>> SelectKey(Transaction& transaction) {
  std::optional<StoredKey> key;
  HOOP_RETURN_IF_ERROR(
      transaction.Select("select key_id, check_value from secrets_key where id = 1", {}, [&key](const Row& row) {
        key = StoredKey{row.String(0), row.String(1)};
        return absl::OkStatus();
      }));
  return key;
}

absl::Status PutKey(Transaction& transaction, const SecretBox& box) {
  return transaction
      .Execute(
          "insert into secrets_key (id, key_id, check_value) values (1, $1, $2) on conflict (id) do update set "
          "key_id = excluded.key_id, check_value = excluded.check_value",
          {box.key_id(), box.Seal(box.key_id(), kCheckContext)})
      .status();
}

absl::Status Compare(const StoredKey& stored, const SecretBox& box) {
  if (box.Open(stored.check_value, kCheckContext).ok()) return absl::OkStatus();
  return FailedPrecondition(
      "secrets key: the database's secrets are encrypted with key {}, this is key {}: give that one "
      "(HOOP_SECRETS_KEY, or secrets.key in the data folder; a re-encryption that was cut off is run again)",
      stored.id, box.key_id());
}

// Opens with `from`, where it is sealed at all, and seals with `to`.
absl::Status SealRow(Transaction& transaction, const std::string& id, const Secrets& stored, const SecretBox* from,
                     const SecretBox& to) {
  Secrets plain;
  if (from != nullptr) {
    HOOP_ASSIGN_OR_RETURN(plain, OpenSecrets(*from, id, stored));
  } else {
    plain = stored;
  }
  const std::string text = ToJson(SealSecrets(to, id, plain));
  return transaction.Execute("update connections set secrets = $2 where id = $1", {id, text}).status();
}

// What is sealed is sealed anew with `to`, or left alone without `from`. A key in clear says itself that it is: what
// begins like a sealed text is none.
absl::Status SealAgentKeys(Transaction& transaction, const SecretBox* from, const SecretBox& to) {
  std::vector<std::pair<std::string, std::string>> keys;
  HOOP_RETURN_IF_ERROR(transaction.Select("select id, key from agents where key <> ''", {}, [&keys](const Row& row) {
    keys.emplace_back(row.String(0), row.String(1));
    return absl::OkStatus();
  }));
  for (auto& [id, key] : keys) {
    if (SecretBox::IsSealed(key)) {
      if (from == nullptr) continue;
      absl::StatusOr<std::string> plain = OpenAgentKey(*from, id, key);
      HOOP_RETURN_IF_ERROR(Annotate(plain.status(), fmt::format("key of agent {}", id)));
      key = *std::move(plain);
    }
    HOOP_RETURN_IF_ERROR(
        transaction.Execute("update agents set key = $2 where id = $1", {id, SealAgentKey(to, id, key)}).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SealAll(Transaction& transaction, const SecretBox* from, const SecretBox& to) {
  std::vector<std::pair<std::string, Secrets>> rows;
  HOOP_RETURN_IF_ERROR(
      transaction.Select("select id, secrets from connections", {}, [&rows](const Row& row) -> absl::Status {
        HOOP_ASSIGN_OR_RETURN(Secrets secrets, MapFromJson(row.Text(1)));
        rows.emplace_back(row.String(0), std::move(secrets));
        return absl::OkStatus();
      }));
  for (const auto& [id, secrets] : rows) {
    HOOP_RETURN_IF_ERROR(Annotate(SealRow(transaction, id, secrets, from, to), fmt::format("connection {}", id)));
  }
  HOOP_RETURN_IF_ERROR(SealAgentKeys(transaction, from, to));
  HOOP_RETURN_IF_ERROR(PutKey(transaction, to));
  return static_cast<int64_t>(rows.size());
}

}  // namespace

Secrets SealSecrets(const SecretBox& box, std::string_view connection_id, const Secrets& secrets) {
  Secrets sealed;
  for (const auto& [name, value] : secrets) sealed[name] = box.Seal(value, ContextOf(connection_id, name));
  return sealed;
}

absl::StatusOr<Secrets> OpenSecrets(const SecretBox& box, std::string_view connection_id, const Secrets& sealed) {
  Secrets secrets;
  for (const auto& [name, value] : sealed) {
    absl::StatusOr<std::string> plain = box.Open(value, ContextOf(connection_id, name));
    HOOP_RETURN_IF_ERROR(Annotate(plain.status(), fmt::format("secret {}", name)));
    secrets[name] = *std::move(plain);
  }
  return secrets;
}

std::string SealAgentKey(const SecretBox& box, std::string_view agent_id, std::string_view key) {
  return box.Seal(key, ContextOfKey(agent_id));
}

absl::StatusOr<std::string> OpenAgentKey(const SecretBox& box, std::string_view agent_id, std::string_view sealed) {
  return box.Open(sealed, ContextOfKey(agent_id));
}

absl::Status AdoptSecretsKey(Database& database, const SecretBox& box) {
  return database.Write(Durability::kFull, [&box](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const std::optional<StoredKey> stored, SelectKey(transaction));
    if (!stored.has_value()) return SealAll(transaction, nullptr, box).status();
    HOOP_RETURN_IF_ERROR(Compare(*stored, box));
    return SealAgentKeys(transaction, nullptr, box);
  });
}

absl::Status TrySecretsKey(Database& database, const SecretBox* box) {
  return database.Read([box](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const std::optional<StoredKey> stored, SelectKey(transaction));
    if (!stored.has_value()) return absl::OkStatus();
    if (box != nullptr) return Compare(*stored, *box);
    return FailedPrecondition(
        "secrets key: the database's secrets are encrypted with key {}, which is not there: put secrets.key back into "
        "the data folder, or set HOOP_SECRETS_KEY",
        stored->id);
  });
}

absl::Status RequireSecretsKey(Transaction& transaction, const SecretBox& box) {
  HOOP_ASSIGN_OR_RETURN(const std::optional<StoredKey> stored, SelectKey(transaction));
  if (stored.has_value() && stored->id == box.key_id()) return absl::OkStatus();
  return FailedPrecondition("secrets key: it was changed while this gateway ran: start it again with the new one");
}

absl::StatusOr<int64_t> ReencryptSecrets(Database& database, const SecretBox& from, const SecretBox& to) {
  int64_t connections = 0;
  HOOP_RETURN_IF_ERROR(database.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const std::optional<StoredKey> stored, SelectKey(transaction));
    if (stored.has_value() && Compare(*stored, to).ok()) return absl::OkStatus();  // an earlier try came this far
    if (stored.has_value()) HOOP_RETURN_IF_ERROR(Compare(*stored, from));
    HOOP_ASSIGN_OR_RETURN(connections, SealAll(transaction, stored.has_value() ? &from : nullptr, to));
    return absl::OkStatus();
  }));
  return connections;
}

}  // namespace hoop

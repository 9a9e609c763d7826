#include "gateway/secrets_rotation.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/status.h"
#include "base/status_macros.h"
#include "identity/secrets_key.h"
#include "store/store_look.h"

namespace hoop {
namespace {

constexpr char kVariable[] = "HOOP_SECRETS_KEY";
constexpr char kNewVariable[] = "HOOP_SECRETS_KEY_NEW";
constexpr char kNextKeyFile[] = "secrets.key.next";

absl::StatusOr<std::unique_ptr<SecretBox>> MakeSecretBox(const SecretsKeySource& source) {
  const absl::StatusOr<std::string> key =
      source.given.empty() ? LoadOrMakeSecretsKey(source.file) : ParseSecretsKey(source.variable, source.given);
  HOOP_RETURN_IF_ERROR(key.status());
  return SecretBox::Create(*key);
}

// Refused for what the store holds, and the store says that it has another key than `to`. Whoever lost the database at
// the commit does not know, and keeps the key.
bool WroteNothing(const absl::Status& refusal, const StoreAddress& store, const SecretBox& to) {
  if (!absl::IsFailedPrecondition(refusal) && !absl::IsDataLoss(refusal)) return false;
  return absl::IsFailedPrecondition(LookAtStore(store, &to).status());
}

bool IsThere(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

StoreAddress StoreAddressOf(const GatewayOptions& options, const std::string& data_dir) {
  return {.sqlite_path = fmt::format("{}/{}", data_dir, kDatabaseFile), .postgres_uri = options.postgres_db_uri};
}

SecretsKeySource SecretsKeyOf(const std::string& given, const std::string& data_dir) {
  return {.variable = kVariable, .given = given, .file = fmt::format("{}/{}", data_dir, kSecretsKeyFile)};
}

absl::StatusOr<std::unique_ptr<SecretBox>> FindSecretBox(const SecretsKeySource& source) {
  if (source.given.empty() && !IsThere(source.file)) return std::unique_ptr<SecretBox>();
  return MakeSecretBox(source);
}

absl::StatusOr<std::unique_ptr<SecretBox>> OpenSecretBox(const GatewayOptions& options, const std::string& data_dir) {
  const SecretsKeySource source = SecretsKeyOf(options.secrets_key, data_dir);
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<SecretBox> there, FindSecretBox(source));
  if (there != nullptr) return there;
  HOOP_RETURN_IF_ERROR(LookAtStore(StoreAddressOf(options, data_dir), nullptr).status());
  return MakeSecretBox(source);
}

absl::StatusOr<std::string> RotateSecretsKey(const GatewayOptions& options, const DataFolder& folder,
                                             const std::string& new_key) {
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SecretBox> from, OpenSecretBox(options, folder.path()));
  const SecretsKeySource next{.variable = kNewVariable, .given = new_key, .file = folder.File(kNextKeyFile)};
  const bool makes_key = new_key.empty() && !IsThere(next.file);
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SecretBox> to, MakeSecretBox(next));
  const absl::Time now = options.clock == nullptr ? Clock::System().Now() : options.clock->Now();
  const StoreAddress store = StoreAddressOf(options, folder.path());
  const absl::StatusOr<int64_t> connections = Store::Reencrypt(store, *from, *to, now);
  if (!connections.ok()) {
    if (makes_key && WroteNothing(connections.status(), store, *to)) std::remove(next.file.c_str());
    return connections.status();
  }
  std::string where = kNewVariable;
  if (new_key.empty()) {
    where = folder.File(kSecretsKeyFile);
    if (std::rename(next.file.c_str(), where.c_str()) != 0) return ErrnoStatus(errno, where);
  }
  return fmt::format("secrets of {} connections are encrypted with key {} of {} now", *connections, to->key_id(),
                     where);
}

std::string LeftOfRotation(const std::string& data_dir, const SecretBox* in_use) {
  const std::string file = fmt::format("{}/{}", data_dir, kNextKeyFile);
  if (!IsThere(file)) return "";
  const auto left = MakeSecretBox({.variable = kNewVariable, .file = file});
  if (left.ok() && in_use != nullptr && (*left)->key_id() == in_use->key_id()) return "";
  return fmt::format(
      "{}: the key of a re-encryption that was interrupted, nothing is encrypted with it; `hoop-gateway "
      "reencrypt-secrets` goes on with it, without that it can be removed",
      file);
}

}  // namespace hoop

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
constexpr char kDatabaseFile[] = "hoop.db";
constexpr char kKeyFile[] = "secrets.key";
constexpr char kNextKeyFile[] = "secrets.key.next";

absl::StatusOr<std::unique_ptr<SecretBox>> BoxOf(const char* variable, const std::string& value,
                                                 const std::string& otherwise_file) {
  absl::StatusOr<std::string> key =
      value.empty() ? LoadOrMakeSecretsKey(otherwise_file) : ParseSecretsKey(variable, value);
  HOOP_RETURN_IF_ERROR(key.status());
  return SecretBox::Create(*key);
}

}  // namespace

StoreAddress StoreAddressOf(const GatewayOptions& options, const std::string& data_dir) {
  return {.sqlite_path = fmt::format("{}/{}", data_dir, kDatabaseFile), .postgres_uri = options.postgres_db_uri};
}

absl::StatusOr<std::unique_ptr<SecretBox>> OpenSecretBox(const GatewayOptions& options, const std::string& data_dir) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<SecretBox> there, FindSecretBox(options, data_dir));
  if (there != nullptr) return there;
  HOOP_RETURN_IF_ERROR(LookAtStore(StoreAddressOf(options, data_dir), nullptr).status());
  return BoxOf(kVariable, "", fmt::format("{}/{}", data_dir, kKeyFile));
}

absl::StatusOr<std::unique_ptr<SecretBox>> FindSecretBox(const GatewayOptions& options, const std::string& data_dir) {
  const std::string file = fmt::format("{}/{}", data_dir, kKeyFile);
  if (options.secrets_key.empty() && ::access(file.c_str(), F_OK) != 0) return std::unique_ptr<SecretBox>();
  return BoxOf(kVariable, options.secrets_key, file);
}

absl::StatusOr<std::string> RotateSecretsKey(const GatewayOptions& options, const DataFolder& folder,
                                             const std::string& new_key) {
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SecretBox> from, OpenSecretBox(options, folder.path()));
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SecretBox> to, BoxOf(kNewVariable, new_key, folder.File(kNextKeyFile)));
  const absl::Time now = options.clock == nullptr ? Clock::System().Now() : options.clock->Now();
  HOOP_ASSIGN_OR_RETURN(const int64_t connections,
                        Store::Reencrypt(StoreAddressOf(options, folder.path()), *from, *to, now));
  std::string where = kNewVariable;
  if (new_key.empty()) {
    where = folder.File(kKeyFile);
    if (std::rename(folder.File(kNextKeyFile).c_str(), where.c_str()) != 0) return ErrnoStatus(errno, where);
  }
  return fmt::format("secrets of {} connections are encrypted with key {} of {} now", connections, to->key_id(), where);
}

}  // namespace hoop

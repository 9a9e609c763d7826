// Which key encrypts the secrets in the store, and how it is replaced by another. Used by Gateway.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "gateway/data_folder.h"
#include "hoop/gateway.h"
#include "store/secret_box.h"
#include "store/store.h"

namespace hoop {

StoreAddress StoreAddressOf(const GatewayOptions& options, const std::string& data_dir);

// With the key that `options` give, or the data folder's own, which is made when it is missing, unless the store has
// another one: FailedPrecondition. Errors of the key begin with the name of the variable or file.
absl::StatusOr<std::unique_ptr<SecretBox>> OpenSecretBox(const GatewayOptions& options, const std::string& data_dir);

// The same, but a key that is not there is not made: null.
absl::StatusOr<std::unique_ptr<SecretBox>> FindSecretBox(const GatewayOptions& options, const std::string& data_dir);

// See Gateway::ReencryptSecrets. A key that is made lies in secrets.key.next until the store has it, so that no moment
// of a cut leaves the store with a key that is in no file.
absl::StatusOr<std::string> RotateSecretsKey(const GatewayOptions& options, const DataFolder& folder,
                                             const std::string& new_key);

}  // namespace hoop

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

// Where a key of secrets comes from: what a variable says, or a file where that says nothing.
struct SecretsKeySource {
  std::string variable;
  std::string given;  // its text
  std::string file;

  const std::string& name() const { return given.empty() ? file : variable; }
};

// Of the key in use; `given` is GatewayOptions::secrets_key.
SecretsKeySource SecretsKeyOf(const std::string& given, const std::string& data_dir);

// Null: neither is there, and no key is made. Errors begin with the source's name.
absl::StatusOr<std::unique_ptr<SecretBox>> FindSecretBox(const SecretsKeySource& source);

// As a start does it: a key that is missing is made, unless the store has another one: FailedPrecondition.
absl::StatusOr<std::unique_ptr<SecretBox>> OpenSecretBox(const GatewayOptions& options, const std::string& data_dir);

// See Gateway::ReencryptSecrets. A key that is made lies in secrets.key.next until the store has it, so that no moment
// of a cut leaves the store with a key that is in no file; where nothing was written with it, a refusal takes it away.
absl::StatusOr<std::string> RotateSecretsKey(const GatewayOptions& options, const DataFolder& folder,
                                             const std::string& new_key);

// What a trial says of a key in secrets.key.next, where the store has `in_use`; empty: there is none, or it is that
// one.
std::string LeftOfRotation(const std::string& data_dir, const SecretBox* in_use);

}  // namespace hoop

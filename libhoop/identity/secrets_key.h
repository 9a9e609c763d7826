// The key that encrypts the secrets of connections: from HOOP_SECRETS_KEY, or a file of the data folder. Used by
// Gateway.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// 32 bytes. `value`: base64 or hexadecimal of them (base64:// may stand in front), file://<path> of a file that holds
// one of these, or a phrase of at least 16 characters. InvalidArgument begins with the name of the variable.
absl::StatusOr<std::string> ParseSecretsKey(std::string_view variable, std::string_view value);

// The key in the file, which is made (0600) when it is not there.
absl::StatusOr<std::string> LoadOrMakeSecretsKey(const std::string& path);

}  // namespace hoop

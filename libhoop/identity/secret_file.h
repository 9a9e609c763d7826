// Small files that only we may read. Used for the key that signs tokens and for the set-up token.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop {

// NotFound: not there. FailedPrecondition: others may read it, it is no plain file, or it is too long.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

// Makes the file with mode 0600, whole or not at all, on stable storage when it returns.
// AlreadyExists: it is there, and stays as it is.
absl::Status CreateSecretFile(const std::string& path, std::string_view content);

}  // namespace hoop

// Files that hold secrets: nobody else may read them, not even while they are written.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hoop::cli {

// Puts a file with mode 0600 in place of what is there; it appears whole. Errors: the system's, with the
// path.
absl::Status WriteOwnFile(const std::string& path, std::string_view text);

}  // namespace hoop::cli

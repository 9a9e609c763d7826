// Values of variables and options that stand in files. One reading, so that what is wrong is said in the same words
// everywhere: the variable, the path, the system's reason; never what is in the file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// All of the file, which may be a pipe. InvalidArgument: it cannot be read, or has more than `bytes_max`.
absl::StatusOr<std::string> ReadValueFile(std::string_view variable, const std::string& path, size_t bytes_max);

// The same for a value that is text, a password or a key: without the line ends at its end, as the shell's $(cat FILE)
// gives it. Editors and echo write one there that nobody means.
absl::StatusOr<std::string> ReadTextFile(std::string_view variable, const std::string& path, size_t bytes_max);

// As LoadPem of tls.h, for an option: what is neither PEM nor says what it is ("file://", "base64://") is a path.
absl::StatusOr<std::string> LoadPemOption(std::string_view option, std::string_view value);

}  // namespace hoop

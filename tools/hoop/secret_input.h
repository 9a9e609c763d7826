// Secrets that are typed or piped in. Used by login and by what sets passwords.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop::cli {

// A line of standard input, asked for on stderr.
absl::StatusOr<std::string> Ask(std::string_view question);
// The same, and what is typed does not show. InvalidArgument: there is no terminal.
absl::StatusOr<std::string> AskHidden(std::string_view question);
// The line that --password-stdin means.
absl::StatusOr<std::string> ReadPasswordLine();

}  // namespace hoop::cli

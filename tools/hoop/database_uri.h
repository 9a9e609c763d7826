// postgres://user:password@host:port/database?sslmode=... as the variables of a connection. Used by `hoop run`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop::cli {

// HOST, PORT, USER, PASS, and DB and SSLMODE where given. InvalidArgument; never repeats the input.
absl::StatusOr<std::map<std::string, std::string>> PostgresVariables(std::string_view uri);

}  // namespace hoop::cli

// What POSTGRES_DB_URI says: checked here, so that a wrong one is refused in one line that shows none of it.
// Used by Store; libpq splits the text.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

struct PostgresAddress {
  std::string connection_text;  // for libpq, with our time limits where the URI says nothing; holds the password
  std::string description;      // for logs: "db.example.com:5432/hoop"
};

// Takes postgres://, postgresql:// and libpq's keyword=value list. What is not said, libpq takes from its own PG*
// variables and files. InvalidArgument begins with "POSTGRES_DB_URI: ".
absl::StatusOr<PostgresAddress> ParsePostgresUri(std::string_view uri);

}  // namespace hoop

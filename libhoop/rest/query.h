// Query parameters with a meaning: numbers within bounds, times. Pure functions over a Request; errors are 422.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "rest/http_message.h"

namespace hoop::rest {

struct IntBounds {
  int least;
  int most;
};

absl::StatusOr<int> QueryInt(const Request& request, const std::string& name, int otherwise, IntBounds bounds);

// RFC 3339.
absl::StatusOr<std::optional<absl::Time>> QueryTime(const Request& request, const std::string& name);

}  // namespace hoop::rest

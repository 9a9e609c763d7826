// Early return for absl::Status and absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define HOOP_RETURN_IF_ERROR(expression)                                                \
  do {                                                                                  \
    if (absl::Status hoop_status = (expression); !hoop_status.ok()) return hoop_status; \
  } while (false)

#define HOOP_CONCAT_INNER(a, b) a##b
#define HOOP_CONCAT(a, b) HOOP_CONCAT_INNER(a, b)
#define HOOP_ASSIGN_OR_RETURN(target, expression) \
  HOOP_ASSIGN_OR_RETURN_INNER(HOOP_CONCAT(hoop_status_or_, __LINE__), target, expression)
#define HOOP_ASSIGN_OR_RETURN_INNER(temporary, target, expression) \
  auto temporary = (expression);                                   \
  if (!temporary.ok()) return std::move(temporary).status();       \
  target = *std::move(temporary)

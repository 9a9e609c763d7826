// The schema, as the steps that led to it. Run by Store before anything else touches the database.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

// Brings the schema to the newest version this program knows, one transaction per step.
// FailedPrecondition: a newer program has been here.
absl::Status Migrate(Database& database, absl::Time now);

// The schema's version, 0 where there is none yet, changing nothing. Errors as of Migrate, also when its user may not
// make tables.
absl::StatusOr<int64_t> TrySchema(Database& database);

int64_t NewestSchemaVersion();

}  // namespace hoop

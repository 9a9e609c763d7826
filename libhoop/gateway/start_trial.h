// What a gateway would find at its start, for `hoop-gateway --check`: folders and database, nothing changed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/gateway.h"

namespace hoop {

// A line for each. PermissionDenied and the like: a folder cannot be written. Else as LookAtStore.
absl::StatusOr<std::vector<std::string>> TryStart(const GatewayOptions& options);

}  // namespace hoop

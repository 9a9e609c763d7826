// From a connection as an operator declares it to its row in the store.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "hoop/gateway.h"
#include "store/connection_table.h"

namespace hoop {

// InvalidArgument: names the connection and the field that is missing or wrong; by the rules of REST, whose refusals
// have the same words (rest/connection_checks.h).
absl::StatusOr<ConnectionRow> MakeConnectionRow(const ConnectionConfig& config, std::string_view org_id,
                                                absl::Time now);

}  // namespace hoop

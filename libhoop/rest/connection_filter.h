// What a list of connections is narrowed to, from the query. Used by the routes of connections.
#pragma once

#include "absl/status/statusor.h"
#include "rest/http_message.h"
#include "store/connection_table.h"

namespace hoop::rest {

// 422: a value has not the form that such a value has.
absl::StatusOr<ConnectionFilter> ReadConnectionFilter(const Request& request);

}  // namespace hoop::rest

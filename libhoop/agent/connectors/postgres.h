// PostgreSQL: the user's program logs in with any password, the agent at the server with the connection's own; then
// bytes flow as they come. Built on protocol/postgres.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"

namespace hoop {

// InvalidArgument: HOST, USER or PASS is missing; SSLMODE or PORT is wrong.
absl::StatusOr<std::unique_ptr<Connector>> MakePostgresConnector(ConnectorSeat seat);

}  // namespace hoop

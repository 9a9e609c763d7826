// Raw bytes to HOST:PORT: one socket per connection id, half closes included.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"

namespace hoop {

// InvalidArgument: HOST or PORT is missing or wrong.
absl::StatusOr<std::unique_ptr<Connector>> MakeTcpConnector(ConnectorSeat seat);

}  // namespace hoop

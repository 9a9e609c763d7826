// Raw bytes to HOST:PORT, or to a socket of the host's: one socket per connection id, half closes included.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"
#include "net/byte_stream.h"

namespace hoop {

// One connection id joined to a socket that is there already.
std::unique_ptr<Target> MakeSocketTarget(const ConnectorSeat& seat, std::unique_ptr<ByteStream> socket, Line& line,
                                         Target::Ended ended);

// InvalidArgument: HOST or PORT is missing or wrong.
absl::StatusOr<std::unique_ptr<Connector>> MakeTcpConnector(ConnectorSeat seat);

}  // namespace hoop

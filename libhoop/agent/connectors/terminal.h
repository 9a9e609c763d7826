// Runs the connection's command on a terminal of its own: `hoop connect` to a command line. Commands are started by
// the warden, which makes the terminal.
#pragma once

#include <memory>

#include "agent/connectors/connector.h"

namespace hoop {

std::unique_ptr<Connector> MakeTerminalConnector(ConnectorSeat seat);

}  // namespace hoop

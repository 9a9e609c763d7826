// Runs the connection's command once with the user's input: `hoop exec`. Commands are started by the warden.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"

namespace hoop {

std::unique_ptr<Connector> MakeExecConnector(ConnectorSeat seat);

}  // namespace hoop

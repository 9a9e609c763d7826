// Connections that the process around the agent serves itself. A connection asks for one by name: HOST=host:<name> in
// a byte stream's variables, "host:<name>" as the first word of a command.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"

namespace hoop {

// The name of the service that this connection asks for; nullopt: it is served in another way.
std::optional<std::string> HostServiceName(const AgentConnectionParams& params, const SessionEnvironment& environment);

// NotFound: this host has no such service. Unimplemented: it was asked for in a way that hosts do not serve.
absl::StatusOr<std::unique_ptr<Connector>> MakeHostConnector(ConnectorSeat seat, const std::string& name);

}  // namespace hoop

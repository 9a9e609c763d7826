#include "agent/connectors/connector.h"

#include <utility>

#include "agent/connectors/exec.h"
#include "agent/connectors/host.h"
#include "agent/connectors/postgres.h"
#include "agent/connectors/postgres_server.h"
#include "agent/connectors/tcp.h"
#include "agent/connectors/terminal.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

struct DialledKind {
  std::string_view type;
  std::string_view default_port;  // empty: PORT is required
};

// What is dialled before a session counts as open, also when its command is what runs (`hoop exec` on a database).
constexpr DialledKind kDialledKinds[] = {{"tcp", ""}, {"postgres", "5432"}, {"mysql", "3306"}, {"mssql", "1433"}};

}  // namespace

absl::StatusOr<std::unique_ptr<Connector>> MakeConnector(ConnectorSeat seat) {
  const std::string type = seat.params.connection_type;
  const bool is_native = seat.params.client_verb == "connect";
  if (const auto service = HostServiceName(seat.params, seat.environment)) {
    return MakeHostConnector(std::move(seat), *service);
  }
  if (type == "tcp" && is_native) return MakeTcpConnector(std::move(seat));
  if (type == "tcp") return InvalidArgument("exec is not allowed for tcp type connections");
  if (type == "postgres" && is_native) return MakePostgresConnector(std::move(seat));
  if (type == "postgres") {
    // A command on a database connection is bound by its SSLMODE, too.
    HOOP_RETURN_IF_ERROR(ReadSslMode(seat.environment, seat.context.require_verified_tls).status());
  }
  if (!is_native) return MakeExecConnector(std::move(seat));
  if (type == "command-line" || type == "application") return MakeTerminalConnector(std::move(seat));
  return Unimplemented("connection type \"{}\" is not available on this agent", type);
}

absl::StatusOr<std::optional<Address>> LivenessAddress(const AgentConnectionParams& params,
                                                       const SessionEnvironment& environment) {
  if (HostServiceName(params, environment)) return std::nullopt;
  for (const DialledKind& kind : kDialledKinds) {
    if (kind.type != params.connection_type) continue;
    const std::string host = environment.Get("HOST");
    std::string port = environment.Get("PORT");
    if (port.empty()) port = kind.default_port;
    if (host.empty() || port.empty()) {
      return InvalidArgument("missing required secrets for {} connection [{}]", kind.type,
                             kind.default_port.empty() ? "HOST, PORT" : "HOST");
    }
    const bool is_socket_folder = host.starts_with('/') && kind.type == "postgres";
    const bool is_v6 = host.find(':') != std::string::npos && !host.starts_with('[');
    auto address = Address::Parse(fmt::format("{}:{}",
                                              is_socket_folder ? "socket"
                                              : is_v6          ? "[" + host + "]"
                                                               : host,
                                              port));
    if (!address.ok()) return InvalidArgument("wrong secrets for {} connection [HOST, PORT]", kind.type);
    // The name under which a Postgres server listens in its folder.
    if (is_socket_folder) *address = Address{.host = fmt::format("{}/.s.PGSQL.{}", host, address->port)};
    return *std::move(address);
  }
  return std::nullopt;
}

}  // namespace hoop

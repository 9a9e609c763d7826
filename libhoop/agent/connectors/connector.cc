#include "agent/connectors/connector.h"

#include <utility>
#include <vector>

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
  bool is_database;               // needs USER and PASS
  std::string_view default_port;  // empty: PORT is required
};

// What is dialled before a session counts as open, also when its command is what runs (`hoop exec` on a database).
constexpr DialledKind kDialledKinds[] = {
    {"tcp", false, ""}, {"postgres", true, "5432"}, {"mysql", true, "3306"}, {"mssql", true, "1433"}};

absl::Status CheckSecrets(const DialledKind& kind, const SessionEnvironment& environment) {
  std::vector<std::string_view> missing;
  const auto want = [&](std::string_view name) {
    if (environment.Get(name).empty()) missing.push_back(name);
  };
  want("HOST");
  if (kind.default_port.empty()) want("PORT");
  if (kind.is_database) want("USER");
  // It may be empty (trust, certificates), but a connection without it is one that somebody forgot to finish.
  if (kind.is_database && !environment.variables.contains("PASS")) missing.push_back("PASS");
  if (missing.empty()) return absl::OkStatus();
  return InvalidArgument("missing required secrets for {} connection [{}]", kind.type, fmt::join(missing, ", "));
}

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
    HOOP_RETURN_IF_ERROR(CheckSecrets(kind, environment));
    const std::string host = environment.Get("HOST");
    std::string port = environment.Get("PORT");
    if (port.empty()) port = kind.default_port;
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

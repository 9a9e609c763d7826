// What the secrets of a PostgreSQL connection say about its server. Used by connectors/postgres.cc, and by connector.cc
// for commands on such a connection.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "agent/session_environment.h"
#include "net/dial.h"
#include "net/tls_context.h"
#include "protocol/postgres/ssl_mode.h"

namespace hoop {

// A value; holds secrets.
struct PostgresServer {
  Address address;
  std::string user;
  std::string password;
  postgres::SslMode ssl_mode = postgres::SslMode::kPrefer;  // kDisable for a socket folder, whatever SSLMODE says
  std::string certificate_name;                             // the certificate of the server is to be for it
  TlsClientOptions tls;                                     // where ssl_mode wants it
};

// SSLMODE, with what the agent allows: PermissionDenied unless it verifies where `require_verified_tls` is set.
// HOST that is a folder has no network on its way, so it has no TLS.
absl::StatusOr<postgres::SslMode> ReadSslMode(const SessionEnvironment& environment, bool require_verified_tls);

// HOST, USER and PASS are required; PORT, SSLMODE, SSLROOTCERT, SSLCERT, SSLKEY, SSLSERVERNAME are not. The
// certificates are PEM text, of a variable or a secret file. InvalidArgument names what is missing or wrong.
absl::StatusOr<PostgresServer> ReadPostgresServer(const SessionEnvironment& environment, const Address& address,
                                                  bool require_verified_tls);

}  // namespace hoop

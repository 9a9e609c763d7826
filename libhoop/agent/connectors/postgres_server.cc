#include "agent/connectors/postgres_server.h"

#include <string_view>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

using postgres::SslMode;

bool IsFolder(const SessionEnvironment& environment) { return environment.Get("HOST").starts_with('/'); }

// PEM text, from the variable or from the secret file of that name.
std::string PemText(const SessionEnvironment& environment, std::string_view name) {
  const auto file = environment.files.find(std::string(name));
  return file != environment.files.end() ? file->second : environment.Get(name);
}

TlsVerify VerifyOf(SslMode mode) {
  return mode == SslMode::kVerifyFull ? TlsVerify::kFull
         : mode == SslMode::kVerifyCa ? TlsVerify::kChain
                                      : TlsVerify::kNone;
}

}  // namespace

absl::StatusOr<SslMode> ReadSslMode(const SessionEnvironment& environment, bool require_verified_tls) {
  HOOP_ASSIGN_OR_RETURN(const SslMode mode, postgres::ParseSslMode(environment.Get("SSLMODE")));
  if (IsFolder(environment)) return SslMode::kDisable;
  if (require_verified_tls && !postgres::VerifiesServer(mode)) {
    return PermissionDenied("sslmode {}: this agent demands verify-ca or verify-full (HOOP_REQUIRE_VERIFIED_TLS)",
                            postgres::SslModeName(mode));
  }
  return mode;
}

absl::StatusOr<PostgresServer> ReadPostgresServer(const SessionEnvironment& environment, const Address& address,
                                                  bool require_verified_tls) {
  PostgresServer server{.address = address, .user = environment.Get("USER"), .password = environment.Get("PASS")};
  HOOP_ASSIGN_OR_RETURN(server.ssl_mode, ReadSslMode(environment, require_verified_tls));
  if (server.ssl_mode == SslMode::kDisable) return server;
  server.certificate_name = environment.Get("SSLSERVERNAME");
  if (server.certificate_name.empty()) server.certificate_name = address.host;
  server.tls.verify = VerifyOf(server.ssl_mode);
  server.tls.ca_pem = PemText(environment, "SSLROOTCERT");
  server.tls.credential = {PemText(environment, "SSLCERT"), PemText(environment, "SSLKEY")};
  if (server.tls.credential.certificate_pem.empty() != server.tls.credential.key_pem.empty()) {
    return InvalidArgument("postgres connection: SSLCERT and SSLKEY belong together, one is missing");
  }
  return server;
}

}  // namespace hoop

#include "gateway/listener_tls.h"

#include "base/limits/tls.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

// Who is in goes before who comes.
ListenerTls::ListenerTls() : worker_("hoop-tls", limits::kTlsHandshakeQueueMax, 10) {}

absl::StatusOr<ListenerTls::Contexts> ListenerTls::Make(const GatewayTls& options) {
  if (options.certificate.empty()) return InvalidArgument("TLS_CERT: is missing, TLS_KEY is set");
  if (options.key.empty()) return InvalidArgument("TLS_KEY: is missing, TLS_CERT is set");
  if (options.client_auth != GatewayTls::ClientAuth::kOff && options.client_ca.empty()) {
    return InvalidArgument("TLS_CA: is missing, TLS_CLIENT_AUTH is set");
  }
  TlsServerOptions server{.credential = {.certificate_pem = options.certificate,
                                         .key_pem = options.key,
                                         .certificate_name = "TLS_CERT",
                                         .key_name = "TLS_KEY"},
                          .protocols = {"http/1.1"}};
  Contexts contexts;
  HOOP_ASSIGN_OR_RETURN(contexts.http, TlsContext::MakeServer(server));
  server.protocols = {"h2"};
  server.client_ca_pem = options.client_ca;
  server.client_ca_name = "TLS_CA";
  // Users share the port with agents and need no certificate: that an agent has one is seen when it says that it is
  // one.
  if (options.client_auth != GatewayTls::ClientAuth::kOff) server.client_auth = TlsClientAuth::kOptional;
  HOOP_ASSIGN_OR_RETURN(contexts.grpc, TlsContext::MakeServer(server));
  return contexts;
}

}  // namespace hoop

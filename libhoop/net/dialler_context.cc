#include "net/dialler_context.h"

namespace hoop {

TlsCredential DiallerCredential(const DiallerTls& tls) {
  return {.certificate_pem = tls.certificate,
          .key_pem = tls.key,
          .certificate_name = "TLS_CLIENT_CERT",
          .key_name = "TLS_CLIENT_KEY"};
}

absl::StatusOr<std::shared_ptr<TlsContext>> MakeDiallerContext(const DiallerTls& tls, TlsVerify verify) {
  return TlsContext::MakeClient({.verify = verify,
                                 .ca_pem = tls.ca,
                                 .ca_name = "TLS_CA",
                                 .credential = DiallerCredential(tls),
                                 .protocols = {"h2"}});
}

}  // namespace hoop

#include "outbound/server_trust.h"

#include <openssl/ssl.h>

#include <utility>

#include "base/status_macros.h"
#include "net/tls_peer_name.h"
#include "net/tls_text.h"

namespace hoop {

// Of OpenSSL, all on the thread that shakes hands.
struct ServerTrust::Callbacks {
  static ServerTrust& Of(const SSL* ssl) {
    return *static_cast<ServerTrust*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  }

  static int OnVerify(int ok, X509_STORE_CTX* verification) {
    const auto* ssl =
        static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
    ServerTrust& trust = Of(ssl);
    if (ok != 1 && trust.problem_.empty()) trust.problem_ = VerifyText(verification, trust.host_);
    return ok;
  }

  // The library asks for the host that it dials, whatever that is.
  static void OnState(const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    ServerTrust& trust = Of(ssl);
    trust.problem_.clear();
    const char* const name = trust.is_address_ ? nullptr : trust.host_.c_str();
    SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), name);
  }
};

ServerTrust::ServerTrust(std::shared_ptr<TlsContext> authorities, std::string host)
    : authorities_(std::move(authorities)), host_(std::move(host)), is_address_(IsIpAddress(host_)) {}

absl::StatusOr<std::unique_ptr<ServerTrust>> ServerTrust::Create(ssl_ctx_st* library, const std::string& ca_pem,
                                                                 std::string host) {
  HOOP_ASSIGN_OR_RETURN(std::shared_ptr<TlsContext> authorities,
                        TlsContext::MakeClient({.ca_pem = ca_pem, .ca_name = "TLS_CA"}));
  std::unique_ptr<ServerTrust> trust(new ServerTrust(std::move(authorities), std::move(host)));
  SSL_CTX_set_app_data(library, trust.get());
  trust->Expect(library);
  return trust;
}

void ServerTrust::Expect(ssl_ctx_st* library) const {
  SSL_CTX_set1_cert_store(library, SSL_CTX_get_cert_store(authorities_->get()));
  SSL_CTX_set_min_proto_version(library, TLS1_2_VERSION);
  SSL_CTX_set_verify(library, SSL_VERIFY_PEER, &Callbacks::OnVerify);
  SSL_CTX_set_info_callback(library, &Callbacks::OnState);
  RequireName(SSL_CTX_get0_param(library), host_);
}

}  // namespace hoop

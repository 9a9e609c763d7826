#include "outbound/server_trust.h"

#include <openssl/ssl.h>

#include <utility>

#include "base/check.h"
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

ServerTrust::ServerTrust(std::shared_ptr<TlsContext> context, std::string host)
    : context_(std::move(context)), host_(std::move(host)), is_address_(IsIpAddress(host_)) {}

absl::StatusOr<std::unique_ptr<ServerTrust>> ServerTrust::Create(ssl_ctx_st* library, const TlsClientOptions& options,
                                                                 std::string host) {
  HOOP_ASSIGN_OR_RETURN(std::shared_ptr<TlsContext> context, TlsContext::MakeClient(options));
  std::unique_ptr<ServerTrust> trust(new ServerTrust(std::move(context), std::move(host)));
  SSL_CTX_set_app_data(library, trust.get());
  if (options.verify != TlsVerify::kNone) trust->Expect(library);
  trust->Show(library);
  return trust;
}

void ServerTrust::Expect(ssl_ctx_st* library) const {
  SSL_CTX_set1_cert_store(library, SSL_CTX_get_cert_store(context_->get()));
  SSL_CTX_set_min_proto_version(library, TLS1_2_VERSION);
  SSL_CTX_set_verify(library, SSL_VERIFY_PEER, &Callbacks::OnVerify);
  SSL_CTX_set_info_callback(library, &Callbacks::OnState);
  RequireName(SSL_CTX_get0_param(library), host_);
}

void ServerTrust::Show(ssl_ctx_st* library) const {
  X509* const certificate = SSL_CTX_get0_certificate(context_->get());
  if (certificate == nullptr) return;
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context_->get(), &chain);
  // They fit each other, or the context were not there.
  HOOP_CHECK(SSL_CTX_use_cert_and_key(library, certificate, SSL_CTX_get0_privatekey(context_->get()), chain, 1) == 1);
}

}  // namespace hoop

#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits/tls.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "net/tls_engine.h"
#include "net/tls_text.h"

namespace hoop {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Where the distributions keep one file with all authorities. A folder of hashed names would be read while a
// handshake runs, on the loop.
constexpr const char* kAuthorityFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine, BSD
};

Bio BytesOf(const std::string& pem) { return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free}; }

Certificate NextCertificate(BIO* bytes) { return {PEM_read_bio_X509(bytes, nullptr, nullptr, nullptr), X509_free}; }

// OpenSSL would ask the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// "\2h2\10http/1.1".
std::string ProtocolsOnWire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& name : protocols) {
    HOOP_CHECK(!name.empty() && name.size() < 256);
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

int SelectProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void* context) {
  const std::string& ours = static_cast<TlsContext*>(context)->protocols();
  const int found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size,
                                          reinterpret_cast<const unsigned char*>(ours.data()),
                                          static_cast<unsigned int>(ours.size()), offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int OnNewSession(SSL* ssl, SSL_SESSION* session) {
  TlsEngine::Of(ssl).KeepSession(session);
  return 1;  // taken
}

}  // namespace

TlsContext::TlsContext(bool is_server, TlsVerify verify, const std::vector<std::string>& protocols)
    : is_server_(is_server),
      verify_(verify),
      protocols_(ProtocolsOnWire(protocols)),
      context_(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method())) {
  HOOP_CHECK(context_ != nullptr);
  SetOptions();
}

TlsContext::~TlsContext() {
  {
    absl::MutexLock lock(&mu_);
    for (const Kept& kept : sessions_) SSL_SESSION_free(kept.session);
  }
  SSL_CTX_free(context_);
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::MakeServer(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> context(new TlsContext(true, TlsVerify::kNone, options.protocols));
  HOOP_RETURN_IF_ERROR(context->UseCredential(options.credential));
  if (options.client_auth != TlsClientAuth::kOff) HOOP_RETURN_IF_ERROR(context->AskClients(options));
  return context;
}

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::MakeClient(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> context(new TlsContext(false, options.verify, options.protocols));
  if (!options.credential.empty()) HOOP_RETURN_IF_ERROR(context->UseCredential(options.credential));
  if (options.verify == TlsVerify::kNone) return context;
  HOOP_RETURN_IF_ERROR(options.ca_pem.empty() ? context->TrustMachine(options.ca_name)
                                              : context->TrustAuthorities(options.ca_pem, options.ca_name));
  SSL_CTX_set_verify(context->context_, SSL_VERIFY_PEER, &TlsEngine::OnVerify);
  return context;
}

void TlsContext::SetOptions() {
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds none
  SSL_CTX_clear_mode(context_, SSL_MODE_AUTO_RETRY);     // so that records without data are counted
  SSL_CTX_set_max_cert_list(context_, static_cast<long>(limits::kTlsPeerChainBytesMax));
  if (is_server_) {
    // The smaller key is enough and saves a fifth of the time; clients without AES in hardware get what they prefer.
    SSL_CTX_set_ciphersuites(context_, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    SSL_CTX_set_cipher_list(context_, "ECDHE+AESGCM:ECDHE+CHACHA20");  // 1.2: forward secrecy, AEAD
    SSL_CTX_set_options(context_, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);  // tickets carry the state
    SSL_CTX_set_num_tickets(context_, 1);                          // a peer redials one connection
    if (!protocols_.empty()) SSL_CTX_set_alpn_select_cb(context_, &SelectProtocol, this);
  } else {
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_, &OnNewSession);
    SSL_CTX_set_alpn_protos(context_, reinterpret_cast<const unsigned char*>(protocols_.data()),
                            static_cast<unsigned int>(protocols_.size()));
  }
}

absl::Status TlsContext::UseCredential(const TlsCredential& credential) {
  ERR_clear_error();
  const Bio chain = BytesOf(credential.certificate_pem);
  const Certificate own = NextCertificate(chain.get());
  if (own == nullptr) return InvalidArgument("{}: no certificate in PEM form", credential.certificate_name);
  if (SSL_CTX_use_certificate(context_, own.get()) != 1) {
    return InvalidArgument("{}: {}", credential.certificate_name, TakeTlsError());
  }
  description_ = fmt::format("{}, until {}", SubjectOf(own.get()), DateText(X509_get0_notAfter(own.get())));
  while (const Certificate next = NextCertificate(chain.get())) SSL_CTX_add1_chain_cert(context_, next.get());

  bool is_encrypted = false;
  const Key key(PEM_read_bio_PrivateKey(BytesOf(credential.key_pem).get(), nullptr, &NoPassphrase, &is_encrypted),
                EVP_PKEY_free);
  ERR_clear_error();
  if (is_encrypted)
    return InvalidArgument("{}: it is encrypted; a key without a passphrase is needed", credential.key_name);
  if (key == nullptr) return InvalidArgument("{}: no private key in PEM form", credential.key_name);
  if (X509_check_private_key(own.get(), key.get()) != 1) {
    ERR_clear_error();
    return InvalidArgument("{}: it does not belong to the certificate of {}", credential.key_name,
                           SubjectOf(own.get()));
  }
  if (SSL_CTX_use_PrivateKey(context_, key.get()) != 1)
    return InvalidArgument("{}: {}", credential.key_name, TakeTlsError());
  return absl::OkStatus();
}

absl::Status TlsContext::AskClients(const TlsServerOptions& options) {
  HOOP_RETURN_IF_ERROR(TrustAuthorities(options.client_ca_pem, options.client_ca_name));
  const int mode = options.client_auth == TlsClientAuth::kRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | mode, &TlsEngine::OnVerify);
  // A ticket of another context, with other authorities, is none here.
  static constexpr unsigned char kSessionContext[] = "hoop";
  SSL_CTX_set_session_id_context(context_, kSessionContext, sizeof kSessionContext - 1);
  return absl::OkStatus();
}

absl::Status TlsContext::TrustAuthorities(const std::string& pem, std::string_view name) {
  const Bio bytes = BytesOf(pem);
  int count = 0;
  while (const Certificate authority = NextCertificate(bytes.get())) {
    count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority.get());
    if (is_server_) SSL_CTX_add_client_CA(context_, authority.get());
  }
  ERR_clear_error();
  return count > 0 ? absl::OkStatus() : InvalidArgument("{}: no certificate in PEM form", name);
}

absl::Status TlsContext::TrustMachine(std::string_view name) {
  for (const char* file : kAuthorityFiles) {
    if (::access(file, R_OK) == 0 && SSL_CTX_load_verify_file(context_, file) == 1) return absl::OkStatus();
  }
  ERR_clear_error();
  return FailedPrecondition("{}: not given, and this machine has none ({}): no certificate can be verified", name,
                            kAuthorityFiles[0]);
}

void TlsContext::KeepSession(const std::string& peer, SSL_SESSION* session) {
  absl::MutexLock lock(&mu_);
  sessions_.push_front({peer, session});
  auto older = std::find_if(std::next(sessions_.begin()), sessions_.end(),
                            [&peer](const Kept& kept) { return kept.peer == peer; });
  if (older == sessions_.end()) {
    if (sessions_.size() <= limits::kTlsSessionsKept) return;
    older = std::prev(sessions_.end());
  }
  SSL_SESSION_free(older->session);
  sessions_.erase(older);
}

SSL_SESSION* TlsContext::FindSession(std::string_view peer) const {
  absl::MutexLock lock(&mu_);
  for (const Kept& kept : sessions_) {
    if (kept.peer != peer) continue;
    SSL_SESSION_up_ref(kept.session);
    return kept.session;
  }
  return nullptr;
}

}  // namespace hoop

#include "net/tls_engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/check.h"
#include "base/limits/tls.h"
#include "base/status.h"
#include "net/tls_peer_name.h"
#include "net/tls_text.h"

namespace hoop {

struct TlsEngine::Callbacks {
  static TlsEngine& Of(BIO* bio) { return *static_cast<TlsEngine*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* to, size_t size, size_t* got) {
    BIO_clear_retry_flags(bio);
    *got = Of(bio).TakeInput(to, size);
    if (*got == 0) BIO_set_retry_read(bio);
    return *got > 0 ? 1 : 0;
  }
  static int Write(BIO* bio, const char* bytes, size_t size, size_t* taken) {
    Of(bio).output_.append(bytes, size);
    *taken = size;
    return 1;
  }
  static long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  // What a table of call-backs is called in C; the same for all engines.
  static BIO_METHOD* Method() {
    static BIO_METHOD* const method = [] {
      // No type of its own: a process has few, and who loads and unloads this library often would use them up.
      BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "hoop");
      BIO_meth_set_read_ex(made, &Read);
      BIO_meth_set_write_ex(made, &Write);
      BIO_meth_set_ctrl(made, &Control);
      return made;
    }();
    return method;
  }
};

TlsEngine::TlsEngine(std::shared_ptr<TlsContext> context, std::string peer, std::string host)
    : context_(std::move(context)), peer_(std::move(peer)), host_(std::move(host)), ssl_(SSL_new(context_->get())) {
  HOOP_CHECK(ssl_ != nullptr);
  SSL_set_app_data(ssl_, this);
  BIO* const bio = BIO_new(Callbacks::Method());
  HOOP_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);  // takes it
  if (context_->is_server()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  ExpectHost();
  if (SSL_SESSION* session = context_->FindSession(SessionKey())) {
    SSL_set_session(ssl_, session);
    SSL_SESSION_free(session);
  }
}

TlsEngine::~TlsEngine() { SSL_free(ssl_); }

void TlsEngine::ExpectHost() {
  if (!host_.empty() && !IsIpAddress(host_)) SSL_set_tlsext_host_name(ssl_, host_.c_str());
  if (context_->verify() != TlsVerify::kFull) return;
  HOOP_CHECK(!host_.empty());
  RequireName(SSL_get0_param(ssl_), host_);
}

TlsEngine& TlsEngine::Of(const SSL* ssl) { return *static_cast<TlsEngine*>(SSL_get_app_data(ssl)); }

int TlsEngine::OnVerify(int ok, X509_STORE_CTX* verification) {
  if (ok == 1) return ok;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsEngine& engine = Of(ssl);
  if (engine.verify_text_.empty()) engine.verify_text_ = VerifyText(verification, engine.host_);
  return ok;
}

size_t TlsEngine::TakeInput(char* to, size_t size) {
  const size_t kept = std::min(size, rest_.size() - rest_used_);
  std::copy_n(rest_.begin() + rest_used_, kept, to);
  rest_used_ += kept;
  if (rest_used_ == rest_.size() && rest_used_ > 0) {
    rest_ = {};
    rest_used_ = 0;
  }
  const size_t fresh = std::min(size - kept, arrived_.size());
  std::copy_n(arrived_.begin(), fresh, to + kept);
  arrived_.remove_prefix(fresh);
  return kept + fresh;
}

TlsEngine::Step TlsEngine::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return Step::kDone;
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return Step::kNeedsInput;
  status_ = Failure(true);
  return Step::kFailed;
}

absl::Status TlsEngine::Failure(bool in_handshake) {
  const std::string_view what = in_handshake ? "tls handshake with" : "tls with";
  return Annotate(TakeTlsFailure(in_handshake, verify_text_), fmt::format("{} {}", what, peer_));
}

TlsEngine::Decrypted TlsEngine::Decrypt(std::string_view ciphertext, char* buffer, size_t size) {
  arrived_ = ciphertext;
  const bool had_input = !rest_.empty() || !arrived_.empty();
  Decrypted result;
  while (result.bytes < size) {
    size_t got = 0;
    ERR_clear_error();
    const int outcome = SSL_read_ex(ssl_, buffer + result.bytes, size - result.bytes, &got);
    if (outcome == 1) {
      result.bytes += got;
      empty_steps_ = 0;
      continue;
    }
    const int error = SSL_get_error(ssl_, outcome);
    const bool has_input = !rest_.empty() || !arrived_.empty();
    // A whole record was used and gave nothing: a key update, a ticket.
    const bool was_empty = has_input || (had_input && result.bytes == 0 && SSL_has_pending(ssl_) == 0);
    if (error == SSL_ERROR_ZERO_RETURN) {
      result.ended = true;
    } else if (error != SSL_ERROR_WANT_READ) {
      result.status = Failure(false);
    } else if (was_empty && ++empty_steps_ > limits::kTlsEmptyStepsMax) {
      result.status = ResourceExhausted("tls with {}: more than {} records without data in a row", peer_,
                                        limits::kTlsEmptyStepsMax);
    } else if (has_input) {
      continue;
    }
    break;
  }
  rest_.append(arrived_);
  arrived_ = {};
  result.more = result.bytes == size && (!rest_.empty() || SSL_has_pending(ssl_) != 0);
  return result;
}

absl::Status TlsEngine::Encrypt(const char* bytes, size_t size) {
  size_t taken = 0;
  ERR_clear_error();
  if (SSL_write_ex(ssl_, bytes, size, &taken) == 1) return absl::OkStatus();
  return Failure(false);
}

void TlsEngine::Finish() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsEngine::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsEngine::version() const { return SSL_get_version(ssl_); }

bool TlsEngine::resumed() const { return SSL_session_reused(ssl_) == 1; }

std::string TlsEngine::VerifiedSubject() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE) return {};
  return SSL_get_verify_result(ssl_) == X509_V_OK ? SubjectOf(certificate) : "";
}

std::string TlsEngine::ServerEndPoint() const {
  X509* const certificate = context_->is_server() ? SSL_get_certificate(ssl_) : SSL_get0_peer_certificate(ssl_);
  int digest = NID_undef;
  if (certificate == nullptr || X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1)
    return {};
  if (digest == NID_undef) return {};
  // RFC 5929 4.1: the digest of the certificate's own signature, unless it is a weak one.
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
  const EVP_MD* const method = EVP_get_digestbynid(digest);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (method == nullptr || X509_digest(certificate, method, hash, &size) != 1) return {};
  return {reinterpret_cast<const char*>(hash), size};
}

}  // namespace hoop

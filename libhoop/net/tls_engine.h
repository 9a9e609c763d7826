// The state of one TLS connection on OpenSSL, without I/O: ciphertext comes in and goes out through memory, so that a
// handshake can run on any thread and a turn's output leaves by one system call. Used by tls_handshake.cc and
// tls_stream.cc only.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "net/tls_context.h"

struct bio_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace hoop {

// An SSL. Owned by the handshake, then by the stream; used by one thread at a time.
class TlsEngine final {
 public:
  enum class Step { kDone, kNeedsInput, kFailed };
  struct Decrypted {
    size_t bytes = 0;
    bool ended = false;  // the peer said close_notify
    bool more = false;   // not all input is used: ask again without waiting for the peer
    absl::Status status;
  };

  // `peer`: who is at the other end, for errors. `host`: as a client, the name or IP address that the server's
  // certificate is to be for, which also goes out as SNI when it is a name.
  TlsEngine(std::shared_ptr<TlsContext> context, std::string peer, std::string host);
  ~TlsEngine();
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;

  // Ciphertext that waits for the next Handshake or Decrypt.
  void Feed(std::string_view ciphertext) { rest_.append(ciphertext); }
  size_t waiting_bytes() const { return rest_.size(); }

  // As far as the input leads. kFailed: status() says why; output() may hold a last alert.
  Step Handshake();
  const absl::Status& status() const { return status_; }

  // After the handshake. `ciphertext` is what arrived now; what is not used is kept.
  Decrypted Decrypt(std::string_view ciphertext, char* buffer, size_t size);
  // Adds records to the output.
  absl::Status Encrypt(const char* bytes, size_t size);
  // Adds close_notify.
  void Finish();

  // Ciphertext for the peer: taken from the front by who sends it.
  std::string& output() { return output_; }

  std::string protocol() const;  // ALPN; empty: none was negotiated
  std::string version() const;   // "TLSv1.3"
  bool resumed() const;
  // "CN=agent-7": a certificate of the peer that was verified. Empty: none.
  std::string VerifiedSubject() const;
  // RFC 5929 tls-server-end-point: the hash of the server's certificate. Empty: not defined for it (Ed25519).
  std::string ServerEndPoint() const;

  // --- For OpenSSL's call-backs ---

  static TlsEngine& Of(const ssl_st* ssl);
  static int OnVerify(int ok, x509_store_ctx_st* verification);
  void KeepSession(ssl_session_st* session) { context_->KeepSession(SessionKey(), session); }

 private:
  struct Callbacks;  // of the BIO that reads input and writes output

  void ExpectHost();
  std::string SessionKey() const { return host_ + "@" + peer_; }
  size_t TakeInput(char* to, size_t size);
  absl::Status Failure(bool in_handshake);

  const std::shared_ptr<TlsContext> context_;
  const std::string peer_;
  const std::string host_;
  ssl_st* ssl_;
  std::string rest_;          // input that came before, and was not used
  size_t rest_used_ = 0;      // of it
  std::string_view arrived_;  // input of this call, behind rest_
  std::string output_;
  std::string verify_text_;
  absl::Status status_;
  int empty_steps_ = 0;  // in a row
};

}  // namespace hoop

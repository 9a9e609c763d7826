// What all TLS connections of one kind share: certificate and key, whom to trust, protocols, tickets. Made from PEM
// text by gateway/, agent/ and client/; used by the handshakes of tls_handshake.h.
//
// How to speak TLS on a connected ByteStream, at either end:
//   1. once: context = TlsContext::MakeClient({...}) or MakeServer({...}); share it between connections.
//   2. per connection: TlsConnect or TlsAccept (tls_handshake.h) takes the plain stream (any ByteStream, also one on
//      which something was said before, as Postgres does) and hands out a TlsStream, or one line that says what is
//      wrong.
//   3. The TlsStream is a ByteStream like any other.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace hoop {

// Who we are: the certificate, followed by the rest of its chain, and its key. Both empty: nobody.
struct TlsCredential {
  std::string certificate_pem;
  std::string key_pem;
  std::string certificate_name = "certificate", key_name = "key";  // what errors call them

  bool empty() const { return certificate_pem.empty() && key_pem.empty(); }
};

// What a server asks of its clients. kOptional: who shows a certificate shows a good one.
enum class TlsClientAuth { kOff, kOptional, kRequired };

struct TlsServerOptions {
  TlsCredential credential;
  TlsClientAuth client_auth = TlsClientAuth::kOff;
  std::string client_ca_pem;  // who signs the certificates of clients
  std::string client_ca_name = "authorities";
  std::vector<std::string> protocols;  // ALPN, best first; a client that offers others only is refused
};

// How far a client believes a server: chain and name; the chain alone; anybody.
enum class TlsVerify { kFull, kChain, kNone };

struct TlsClientOptions {
  TlsVerify verify = TlsVerify::kFull;
  std::string ca_pem;  // instead of the machine's authorities
  std::string ca_name = "authorities";
  TlsCredential credential;            // for servers that ask
  std::vector<std::string> protocols;  // ALPN, best first
};

// An SSL_CTX. Shared by its connections, from any thread. To reload is to make another one: connections keep theirs.
class TlsContext final {
 public:
  // InvalidArgument: the name of a text and what is wrong with it: "key: no private key in PEM form".
  static absl::StatusOr<std::shared_ptr<TlsContext>> MakeServer(const TlsServerOptions& options);
  // Reads the machine's authorities from their file when it is to trust them. FailedPrecondition: there is none.
  static absl::StatusOr<std::shared_ptr<TlsContext>> MakeClient(const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool is_server() const { return is_server_; }
  TlsVerify verify() const { return verify_; }
  // "CN=gw.example.com, until 2027-01-31": our own certificate, for logs. Empty: none.
  const std::string& description() const { return description_; }

  // --- For TlsEngine ---

  ssl_ctx_st* get() const { return context_; }
  const std::string& protocols() const { return protocols_; }  // as ALPN has them on the wire
  // Tickets for the next connection to `peer`. Keep takes the session.
  void KeepSession(const std::string& peer, ssl_session_st* session);
  // With a reference of its own, or null.
  ssl_session_st* FindSession(std::string_view peer) const;

 private:
  struct Kept {
    std::string peer;
    ssl_session_st* session;
  };

  TlsContext(bool is_server, TlsVerify verify, const std::vector<std::string>& protocols);
  void SetOptions();
  absl::Status UseCredential(const TlsCredential& credential);
  absl::Status AskClients(const TlsServerOptions& options);
  absl::Status TrustAuthorities(const std::string& pem, std::string_view name);
  absl::Status TrustMachine(std::string_view name);

  const bool is_server_;
  const TlsVerify verify_;
  std::string protocols_;
  std::string description_;
  ssl_ctx_st* context_;
  mutable absl::Mutex mu_;
  std::list<Kept> sessions_ ABSL_GUARDED_BY(mu_);  // the newest first
};

}  // namespace hoop

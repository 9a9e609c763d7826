// An attacker's end of TLS: the protocol by OpenSSL, the bytes in the attacker's hands. Used by tls_attacks.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/floods/raw_socket.h"

namespace hoop::floods {

// One connection. Checks no certificate: it wants nothing that is worth it.
class TlsPeer final {
 public:
  // `version`: TLS1_2_VERSION or TLS1_3_VERSION, and no other.
  TlsPeer(uint16_t port, int version);

  // Goes one step of the handshake: what it wants to say lies in `to_send()` then.
  bool Step();
  std::string& to_send() { return to_send_; }
  void SendAll();
  // Takes what came.
  void Listen(Seconds wait);
  // To its end; false when the gateway did not go along.
  bool Shake(Seconds wait = Seconds(5));
  // Behind the handshake.
  bool Say(std::string_view text);
  std::string Hear(Seconds wait);

  SSL* ssl() { return ssl_.get(); }
  RawSocket& socket() { return socket_; }

 private:
  void Collect();

  RawSocket socket_;
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  BIO* in_ = nullptr;   // of ssl_
  BIO* out_ = nullptr;  // of ssl_
  std::string to_send_;
};

}  // namespace hoop::floods

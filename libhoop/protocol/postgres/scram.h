// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677, RFC 5929) from the client's side, as libpq speaks them.
// Used by server_login; uses scram_password. The expensive step is a function of its own, so that it can run on a
// worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hoop::postgres {

// What DeriveSaltedPassword needs: thousands of rounds of HMAC, milliseconds to a second of CPU.
struct SaltedPasswordRequest {
  std::string password;  // prepared
  std::string salt;
  uint32_t iterations = 0;
};

// Any thread. Internal: the cryptographic library refused.
absl::StatusOr<std::string> DeriveSaltedPassword(const SaltedPasswordRequest& request);

inline constexpr std::string_view kScramSha256 = "SCRAM-SHA-256";
inline constexpr std::string_view kScramSha256Plus = "SCRAM-SHA-256-PLUS";

// What ties the exchange to the TLS connection below it, so that nobody can sit between two of them.
struct ScramBinding {
  enum class Kind {
    kNone,            // we have nothing to bind to: no TLS, or a certificate without a hash for it
    kNotOffered,      // we have, the server did not offer it: it notices if somebody took its offer away
    kServerEndPoint,  // tls-server-end-point; the mechanism is SCRAM-SHA-256-PLUS
  };
  Kind kind = Kind::kNone;
  std::string data;  // kServerEndPoint: the hash of the server's certificate
};

// One exchange. Owned by ServerLogin; one thread. Calls in this order: ClientFirst, OnServerFirst, ClientFinal,
// OnServerFinal.
class ScramClient final {
 public:
  // `nonce`: printable, without commas, new for each exchange. `user` is ignored by PostgreSQL, which goes by the
  // start-up message: it sends it empty, as libpq does; the tests of the RFC give one.
  ScramClient(std::string_view password, std::string nonce, ScramBinding binding = {}, std::string_view user = {});

  std::string_view mechanism() const;
  std::string ClientFirst() const;
  // InvalidArgument: not a server-first-message. PermissionDenied: the nonce does not continue ours.
  // ResourceExhausted: more iterations than limits::kScramIterationsMax.
  absl::StatusOr<SaltedPasswordRequest> OnServerFirst(std::string_view message);
  absl::StatusOr<std::string> ClientFinal(std::string_view salted_password);
  // PermissionDenied: the server does not know the password's keys either, or it reports an error.
  absl::Status OnServerFinal(std::string_view message) const;

 private:
  const std::string password_;  // prepared
  const std::string nonce_;
  const ScramBinding binding_;
  const std::string client_first_bare_;
  std::string server_first_;
  std::string server_nonce_;
  std::string server_signature_;
};

}  // namespace hoop::postgres

// SCRAM-SHA-256 (RFC 5802, RFC 7677) from the client's side, without channel binding, as libpq speaks it.
// Used by server_login. The expensive step is a function of its own, so that it can run on a worker.
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

// The password as SASLprep (RFC 4013) leaves it; where that is not possible, the raw bytes, as the server does.
std::string PrepareScramPassword(std::string_view password);

// One exchange. Owned by ServerLogin; one thread. Calls in this order: ClientFirst, OnServerFirst, ClientFinal,
// OnServerFinal.
class ScramClient final {
 public:
  // `nonce`: printable, without commas, new for each exchange. `user` is ignored by PostgreSQL, which goes by the
  // start-up message: it sends it empty, as libpq does; the tests of the RFC give one.
  ScramClient(std::string_view password, std::string nonce, std::string_view user = {});

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
  const std::string client_first_bare_;
  std::string server_first_;
  std::string server_nonce_;
  std::string server_signature_;
};

}  // namespace hoop::postgres

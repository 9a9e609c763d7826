#include "protocol/postgres/scram.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <charconv>
#include <optional>

#include "base/encoding.h"
#include "base/limits/postgres.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/scram_password.h"

namespace hoop::postgres {
namespace {

absl::StatusOr<std::string> Hmac(std::string_view key, std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size) == nullptr ||
      size != digest.size()) {
    return Internal("HMAC-SHA-256 failed");
  }
  return digest;
}

std::string Sha256(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

// The value of attribute `name` at the front of a message; takes it and the comma behind it.
absl::StatusOr<std::string_view> TakeAttribute(std::string_view& message, char name) {
  if (message.size() < 2 || message[0] != name || message[1] != '=') {
    return InvalidArgument("SCRAM message of the server has no attribute {} where it belongs", name);
  }
  const size_t end = message.find(',');
  const std::string_view value = message.substr(2, end == std::string_view::npos ? end : end - 2);
  message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
  return value;
}

// What goes in front of the first message, and into the proof: RFC 5802, section 7, gs2-header.
std::string_view BindingHeader(ScramBinding::Kind kind) {
  switch (kind) {
    case ScramBinding::Kind::kNone:
      return "n,,";
    case ScramBinding::Kind::kNotOffered:
      return "y,,";
    case ScramBinding::Kind::kServerEndPoint:
      return "p=tls-server-end-point,,";
  }
  return "n,,";
}

}  // namespace

absl::StatusOr<std::string> DeriveSaltedPassword(const SaltedPasswordRequest& request) {
  std::string key(SHA256_DIGEST_LENGTH, '\0');
  const int done =
      PKCS5_PBKDF2_HMAC(request.password.data(), static_cast<int>(request.password.size()),
                        reinterpret_cast<const unsigned char*>(request.salt.data()),
                        static_cast<int>(request.salt.size()), static_cast<int>(request.iterations), EVP_sha256(),
                        static_cast<int>(key.size()), reinterpret_cast<unsigned char*>(key.data()));
  if (done != 1) return Internal("PBKDF2 with {} iterations failed", request.iterations);
  return key;
}

ScramClient::ScramClient(std::string_view password, std::string nonce, ScramBinding binding, std::string_view user)
    : password_(PrepareScramPassword(password)),
      nonce_(std::move(nonce)),
      binding_(std::move(binding)),
      client_first_bare_(fmt::format("n={},r={}", user, nonce_)) {}

std::string_view ScramClient::mechanism() const {
  return binding_.kind == ScramBinding::Kind::kServerEndPoint ? kScramSha256Plus : kScramSha256;
}

std::string ScramClient::ClientFirst() const { return std::string(BindingHeader(binding_.kind)) + client_first_bare_; }

absl::StatusOr<SaltedPasswordRequest> ScramClient::OnServerFirst(std::string_view message) {
  if (!server_first_.empty()) return InvalidArgument("SCRAM exchange begins twice");
  std::string_view rest = message;
  HOOP_ASSIGN_OR_RETURN(const std::string_view nonce, TakeAttribute(rest, 'r'));
  HOOP_ASSIGN_OR_RETURN(const std::string_view salt, TakeAttribute(rest, 's'));
  HOOP_ASSIGN_OR_RETURN(const std::string_view iterations, TakeAttribute(rest, 'i'));
  if (nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_)) {
    return PermissionDenied("SCRAM nonce of the server does not continue ours");
  }
  SaltedPasswordRequest request{.password = password_};
  const auto [end, error] =
      std::from_chars(iterations.data(), iterations.data() + iterations.size(), request.iterations);
  if (error == std::errc::result_out_of_range || request.iterations > limits::kScramIterationsMax) {
    return ResourceExhausted("server asks for {} SCRAM iterations, at most {} are allowed", iterations.substr(0, 20),
                             limits::kScramIterationsMax);
  }
  if (error != std::errc() || end != iterations.data() + iterations.size() || request.iterations == 0) {
    return InvalidArgument("SCRAM message of the server has no number of iterations");
  }
  std::optional<std::string> decoded = Base64Decode(salt);
  if (!decoded || decoded->empty()) return InvalidArgument("SCRAM message of the server has no salt");
  request.salt = *std::move(decoded);
  server_first_ = message;
  server_nonce_ = nonce;
  return request;
}

absl::StatusOr<std::string> ScramClient::ClientFinal(std::string_view salted_password) {
  if (server_first_.empty()) return InvalidArgument("SCRAM exchange has no first message of the server");
  const std::string binding = std::string(BindingHeader(binding_.kind)) + binding_.data;
  const std::string without_proof = fmt::format("c={},r={}", Base64Encode(binding), server_nonce_);
  const std::string auth_message = fmt::format("{},{},{}", client_first_bare_, server_first_, without_proof);
  HOOP_ASSIGN_OR_RETURN(std::string proof, Hmac(salted_password, "Client Key"));
  HOOP_ASSIGN_OR_RETURN(const std::string signature, Hmac(Sha256(proof), auth_message));
  for (size_t at = 0; at < proof.size(); ++at) proof[at] = static_cast<char>(proof[at] ^ signature[at]);
  HOOP_ASSIGN_OR_RETURN(const std::string server_key, Hmac(salted_password, "Server Key"));
  HOOP_ASSIGN_OR_RETURN(server_signature_, Hmac(server_key, auth_message));
  return fmt::format("{},p={}", without_proof, Base64Encode(proof));
}

absl::Status ScramClient::OnServerFinal(std::string_view message) const {
  if (message.starts_with("e=")) return PermissionDenied("server refused the SCRAM proof: {}", message.substr(2, 200));
  std::string_view rest = message;
  HOOP_ASSIGN_OR_RETURN(const std::string_view signature, TakeAttribute(rest, 'v'));
  const std::optional<std::string> decoded = Base64Decode(signature);
  if (server_signature_.empty() || !decoded || decoded->size() != server_signature_.size() ||
      CRYPTO_memcmp(decoded->data(), server_signature_.data(), server_signature_.size()) != 0) {
    return PermissionDenied("server does not prove that it knows the password: its SCRAM signature is wrong");
  }
  return absl::OkStatus();
}

}  // namespace hoop::postgres

// Encrypts what must not lie in the database in clear: AES-256-GCM by OpenSSL. Used by sealed_secrets.h.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// Holds one key. Owned by Store. Any thread. Wipes the key when it ends.
class SecretBox final {
 public:
  static constexpr size_t kKeyBytes = 32;

  // InvalidArgument: another length than kKeyBytes.
  static absl::StatusOr<std::unique_ptr<SecretBox>> Create(std::string_view key);
  ~SecretBox();
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;

  // Names the key without showing anything of it.
  const std::string& key_id() const { return key_id_; }

  // "sealed:<key id>:<base64 of nonce, ciphertext, tag>". `context` says what the value belongs to: it opens there
  // only.
  std::string Seal(std::string_view plain, std::string_view context) const;
  // FailedPrecondition: sealed with another key. DataLoss: changed, or of another context.
  absl::StatusOr<std::string> Open(std::string_view sealed, std::string_view context) const;

  static bool IsSealed(std::string_view text);

 private:
  explicit SecretBox(std::string_view key);

  std::array<unsigned char, kKeyBytes> key_;
  std::string key_id_;
};

}  // namespace hoop

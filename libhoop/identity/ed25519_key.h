// An Ed25519 key pair, from OpenSSL. Signs and checks the tokens of TokenSigner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

struct evp_pkey_st;

namespace hoop {

// Any thread. Does not change after it was made.
class Ed25519Key final {
 public:
  static Ed25519Key Generate();
  static absl::StatusOr<Ed25519Key> FromPem(const std::string& pem);

  // The key in `path`; the first call makes one (secret_file.h).
  static absl::StatusOr<Ed25519Key> LoadOrCreate(const std::string& path);

  std::string ToPem() const;
  std::string Sign(std::string_view message) const;  // 64 bytes
  bool Verify(std::string_view message, std::string_view signature) const;

  // Short name of the public half, the same for the same key.
  const std::string& id() const { return id_; }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  explicit Ed25519Key(evp_pkey_st* key);

  std::unique_ptr<evp_pkey_st, Free> key_;
  std::string id_;
};

}  // namespace hoop

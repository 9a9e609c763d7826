// Makes and checks the tokens of local accounts: JWT signed with EdDSA. Used by LocalAccounts and LocalVerifier.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/limits/identity.h"
#include "identity/checked_tokens.h"
#include "identity/ed25519_key.h"
#include "identity/token_check.h"

namespace hoop {

// Owned by Gateway; outlives those who use it. Any thread; Create touches the disk, nothing else does.
class TokenSigner final {
 public:
  // `key_path`: made at first use, 0600. `issuer` is also the audience: who signs here is who checks.
  static absl::StatusOr<std::unique_ptr<TokenSigner>> Create(const std::string& key_path, std::string issuer);

  TokenSigner(Ed25519Key key, std::string issuer) : key_(std::move(key)), issuer_(std::move(issuer)) {}

  std::string Sign(std::string_view subject, std::string_view user_id, std::string_view email, absl::Time now,
                   absl::Duration lifetime = limits::kTokenLifetime) const;

  // Unauthenticated, as CheckToken says.
  absl::StatusOr<TokenClaims> Verify(std::string_view token, absl::Time now) const;

  // A token that says it was made here: nobody else can judge it.
  bool Names(std::string_view token) const { return NamesKey(token, key_); }

  const std::string& key_id() const { return key_.id(); }

 private:
  const Ed25519Key key_;
  const std::string issuer_;
  mutable CheckedTokens checked_;
};

}  // namespace hoop

// Is this token good? One pure function over text, key, expectations and time. Called by TokenSigner.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "identity/ed25519_key.h"

namespace hoop {

// What a token of ours says.
struct TokenClaims {
  std::string token_id;  // jti
  std::string subject;   // sub: of the user, as the issuer names him
  std::string user_id;   // uid: our own id of the user
  std::string email;
  absl::Time issued_at;
  absl::Time not_before = absl::InfinitePast();
  absl::Time expires_at;
};

// Unauthenticated for everything that is wrong; the text names the reason, never a part of the token.
absl::StatusOr<TokenClaims> CheckToken(std::string_view token, const Ed25519Key& key, std::string_view issuer,
                                       std::string_view audience, absl::Time now);

// The part of it that changes with time. Unauthenticated: expired, or not valid yet.
absl::Status CheckTimes(const TokenClaims& claims, absl::Time now);

// Whether it says that `key` signed it, which is not looked at: a JSON object is parsed, and that is all.
bool NamesKey(std::string_view token, const Ed25519Key& key);

}  // namespace hoop

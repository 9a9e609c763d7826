#include "identity/token_signer.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/status_macros.h"
#include "identity/digest.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

std::string Encode(const Json& json) {
  return Base64UrlEncode(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenSigner>> TokenSigner::Create(const std::string& key_path, std::string issuer) {
  HOOP_ASSIGN_OR_RETURN(Ed25519Key key, Ed25519Key::LoadOrCreate(key_path));
  return std::make_unique<TokenSigner>(std::move(key), std::move(issuer));
}

std::string TokenSigner::Sign(std::string_view subject, std::string_view user_id, std::string_view email,
                              absl::Time now, absl::Duration lifetime) const {
  const int64_t issued_at = absl::ToUnixSeconds(now);
  const Json header = {{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", key_.id()}};
  const Json claims = {{"iss", issuer_},
                       {"aud", issuer_},
                       {"sub", subject},
                       {"uid", user_id},
                       {"email", email},
                       {"iat", issued_at},
                       {"auth_time", issued_at},  // the same: such a token is never renewed, only made at a login
                       {"exp", issued_at + absl::ToInt64Seconds(lifetime)},
                       {"jti", RandomToken(16)}};
  const std::string text = Encode(header) + "." + Encode(claims);
  return text + "." + Base64UrlEncode(key_.Sign(text));
}

absl::StatusOr<TokenClaims> TokenSigner::Verify(std::string_view token, absl::Time now) const {
  const std::string digest = Sha256(token);
  if (std::optional<TokenClaims> known = checked_.Find(digest); known.has_value()) {
    HOOP_RETURN_IF_ERROR(CheckTimes(*known, now));
    return *std::move(known);
  }
  HOOP_ASSIGN_OR_RETURN(TokenClaims claims, CheckToken(token, key_, issuer_, issuer_, now));
  checked_.Add(digest, claims);
  return claims;
}

}  // namespace hoop

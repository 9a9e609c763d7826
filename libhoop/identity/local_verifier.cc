#include "identity/local_verifier.h"

#include <algorithm>

#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/api_keys.h"

namespace hoop {

absl::StatusOr<Identity> LocalVerifier::Verify(std::string_view token, absl::Time now) {
  absl::StatusOr<Identity> identity = WhoIs(token, now);
  if (absl::IsNotFound(identity.status())) return Unauthenticated("token: its user is gone");
  if (absl::IsUnauthenticated(identity.status())) return identity;
  if (!identity.ok()) return Unavailable("token: {}", StatusText(identity.status()));
  const auto in_group = [&identity](const std::string& name) {
    return std::find(identity->groups.begin(), identity->groups.end(), name) != identity->groups.end();
  };
  identity->is_admin = in_group(roles_.admin);
  identity->is_auditor = in_group(roles_.auditor);
  return identity;
}

bool LocalVerifier::IsOurs(std::string_view token) const {
  return token.starts_with(kApiKeyPrefix) || signer_.Names(token);
}

absl::StatusOr<Identity> LocalVerifier::WhoIs(std::string_view token, absl::Time now) {
  if (token.starts_with(kApiKeyPrefix)) return KeyBehind(token, now);
  HOOP_ASSIGN_OR_RETURN(const TokenClaims claims, signer_.Verify(token, now));
  HOOP_ASSIGN_OR_RETURN(Identity identity, AccountBehind(claims));
  if (identity.subject != claims.subject) return Unauthenticated("token: its user is another now");
  identity.expires_at = claims.expires_at;
  return identity;
}

absl::StatusOr<Identity> LocalVerifier::KeyBehind(std::string_view token, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const ApiKeyRow key, store_.api_keys().FindByHash(HashApiKey(token)));
  if (!key.active) return Unauthenticated("user is not active");
  // Not with each request: when it was used is asked in minutes.
  if (now - key.last_used_at.value_or(absl::InfinitePast()) >= limits::kApiKeyUseTime) {
    (void)store_.api_keys().SetLastUsed(key.id, now);
  }
  return Identity{.org_id = key.org_id,
                  .user_id = key.id,
                  .subject = key.id,
                  .email = key.name,
                  .name = key.name,
                  .groups = key.groups,
                  .expires_at = absl::InfiniteFuture()};
}

absl::StatusOr<Identity> LocalVerifier::AccountBehind(const TokenClaims& claims) {
  absl::StatusOr<Identity> user = UserBehind(claims);
  return absl::IsNotFound(user.status()) ? ServiceAccountBehind(claims) : user;
}

absl::StatusOr<Identity> LocalVerifier::UserBehind(const TokenClaims& claims) {
  HOOP_ASSIGN_OR_RETURN(const UserRow user, store_.users().FindById(claims.user_id));
  if (user.status != UserStatus::kActive) return Unauthenticated("user is not active");
  // Tokens name whole seconds.
  if (claims.issued_at < absl::FromUnixSeconds(absl::ToUnixSeconds(user.password_changed_at))) {
    return Unauthenticated("token: the password was changed since");
  }
  return Identity{.org_id = user.org_id,
                  .user_id = user.id,
                  .subject = user.subject,
                  .email = user.email,
                  .name = user.name,
                  .groups = user.groups};
}

absl::StatusOr<Identity> LocalVerifier::ServiceAccountBehind(const TokenClaims& claims) {
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow account, store_.service_accounts().FindById(claims.user_id));
  if (!account.active) return Unauthenticated("user is not active");
  return Identity{.org_id = account.org_id,
                  .user_id = account.id,
                  .subject = account.subject,
                  .email = account.subject,
                  .name = account.name,
                  .groups = account.groups};
}

}  // namespace hoop

#include "identity/local_verifier.h"

#include <algorithm>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::StatusOr<Identity> LocalVerifier::Verify(std::string_view token, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const TokenClaims claims, signer_.Verify(token, now));
  absl::StatusOr<Identity> identity = UserBehind(claims);
  if (absl::IsNotFound(identity.status())) identity = ServiceAccountBehind(claims);
  if (absl::IsNotFound(identity.status())) return Unauthenticated("token: its user is gone");
  if (absl::IsUnauthenticated(identity.status())) return identity;
  if (!identity.ok()) return Unavailable("token: {}", StatusText(identity.status()));
  if (identity->subject != claims.subject) return Unauthenticated("token: its user is another now");
  const auto in_group = [&identity](const std::string& name) {
    return std::find(identity->groups.begin(), identity->groups.end(), name) != identity->groups.end();
  };
  identity->is_admin = in_group(roles_.admin);
  identity->is_auditor = in_group(roles_.auditor);
  identity->expires_at = claims.expires_at;
  return identity;
}

absl::StatusOr<Identity> LocalVerifier::UserBehind(const TokenClaims& claims) {
  HOOP_ASSIGN_OR_RETURN(const UserRow user, users_.FindById(claims.user_id));
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
  HOOP_ASSIGN_OR_RETURN(const ServiceAccountRow account, service_accounts_.FindById(claims.user_id));
  if (!account.active) return Unauthenticated("user is not active");
  return Identity{.org_id = account.org_id,
                  .user_id = account.id,
                  .subject = account.subject,
                  .email = account.subject,
                  .name = account.name,
                  .groups = account.groups};
}

}  // namespace hoop

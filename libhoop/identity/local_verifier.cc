#include "identity/local_verifier.h"

#include <algorithm>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

absl::StatusOr<Identity> LocalVerifier::Verify(std::string_view token, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const TokenClaims claims, signer_.Verify(token, now));
  absl::StatusOr<UserRow> user = users_.FindById(claims.user_id);
  if (absl::IsNotFound(user.status())) return Unauthenticated("token: its user is gone");
  if (!user.ok()) return Unavailable("token: {}", StatusText(user.status()));
  if (user->subject != claims.subject) return Unauthenticated("token: its user is another now");
  if (user->status != UserStatus::kActive) return Unauthenticated("user is not active");
  const auto in_group = [&user](const std::string& name) {
    return std::find(user->groups.begin(), user->groups.end(), name) != user->groups.end();
  };
  return Identity{.org_id = user->org_id,
                  .user_id = user->id,
                  .subject = user->subject,
                  .email = user->email,
                  .name = user->name,
                  .groups = user->groups,
                  .is_admin = in_group(roles_.admin),
                  .is_auditor = in_group(roles_.auditor),
                  .expires_at = claims.expires_at};
}

}  // namespace hoop

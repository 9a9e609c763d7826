// IdpVerifier for local accounts: a token of ours whose user or service account is still there and active. Called by
// rest/ and at the gRPC listener.
#pragma once

#include "hoop/idp_verifier.h"
#include "identity/roles.h"
#include "identity/token_signer.h"
#include "store/service_account_table.h"
#include "store/user_table.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time. Asks the store each time (a signature and two look-ups are
// together below a millisecond), so that a deactivated user is out at once.
class LocalVerifier final : public IdpVerifier {
 public:
  LocalVerifier(const TokenSigner& signer, UserTable& users, ServiceAccountTable& service_accounts, RoleGroups roles)
      : signer_(signer), users_(users), service_accounts_(service_accounts), roles_(std::move(roles)) {}

  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;

 private:
  absl::StatusOr<Identity> UserBehind(const TokenClaims& claims);
  absl::StatusOr<Identity> ServiceAccountBehind(const TokenClaims& claims);

  const TokenSigner& signer_;
  UserTable& users_;
  ServiceAccountTable& service_accounts_;
  const RoleGroups roles_;
};

}  // namespace hoop

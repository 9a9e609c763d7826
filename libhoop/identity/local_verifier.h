// IdpVerifier for local accounts: a token of ours whose user is still there and active. Called by rest/ and at the
// gRPC listener.
#pragma once

#include "hoop/idp_verifier.h"
#include "identity/roles.h"
#include "identity/token_signer.h"
#include "store/user_table.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time. Asks the store each time (a signature and two look-ups are
// together below a millisecond), so that a deactivated user is out at once.
class LocalVerifier final : public IdpVerifier {
 public:
  LocalVerifier(const TokenSigner& signer, UserTable& users, RoleGroups roles)
      : signer_(signer), users_(users), roles_(std::move(roles)) {}

  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;

 private:
  const TokenSigner& signer_;
  UserTable& users_;
  const RoleGroups roles_;
};

}  // namespace hoop

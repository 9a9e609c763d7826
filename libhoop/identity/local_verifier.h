// IdpVerifier for local accounts: a token of ours whose user or service account is still there and active, or an API
// key. Called by rest/ and at the gRPC listener.
#pragma once

#include "hoop/idp_verifier.h"
#include "identity/roles.h"
#include "identity/token_signer.h"
#include "store/store.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time. Asks the store each time, two look-ups, so that a
// deactivated user is out at once.
class LocalVerifier final : public IdpVerifier {
 public:
  LocalVerifier(const TokenSigner& signer, Store& store, RoleGroups roles)
      : signer_(signer), store_(store), roles_(std::move(roles)) {}

  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;
  bool MayWait(std::string_view) const override { return false; }

  // A token or an API key that says it was made here. Any thread, also a loop.
  bool IsOurs(std::string_view token) const;

 private:
  // NotFound: nobody. Unauthenticated: somebody who may not come in.
  absl::StatusOr<Identity> WhoIs(std::string_view token, absl::Time now);
  absl::StatusOr<Identity> KeyBehind(std::string_view token, absl::Time now);
  absl::StatusOr<Identity> AccountBehind(const TokenClaims& claims);
  absl::StatusOr<Identity> UserBehind(const TokenClaims& claims);
  absl::StatusOr<Identity> ServiceAccountBehind(const TokenClaims& claims);

  const TokenSigner& signer_;
  Store& store_;
  const RoleGroups roles_;
};

}  // namespace hoop

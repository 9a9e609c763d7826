// Sign-in with e-mail and password. Called by rest/ (register, login, change) and by the development mode.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/clock.h"
#include "identity/password_hash.h"
#include "identity/roles.h"
#include "identity/token_signer.h"
#include "store/user_table.h"

namespace hoop {

struct SignedIn {
  UserRow user;
  std::string token;
};

// Owned by Gateway. Every call hashes a password: on the one worker for hashes, whose queue is bounded.
class LocalAccounts final {
 public:
  LocalAccounts(UserTable& users, const TokenSigner& signer, const Clock& clock, std::string org_id, RoleGroups roles,
                ScryptCost cost = {});

  // The first user of the organization, an administrator. FailedPrecondition: there is a user already.
  // InvalidArgument: no e-mail address or no password.
  absl::StatusOr<SignedIn> Register(std::string_view email, std::string_view password, std::string_view name);

  // For the development mode: that user exists, is active, an administrator and has this password.
  absl::StatusOr<SignedIn> EnsureAdmin(std::string_view email, std::string_view password, std::string_view name);

  // Unauthenticated: "wrong e-mail or password", in the same time for an unknown user; "user is not active".
  absl::StatusOr<SignedIn> Login(std::string_view email, std::string_view password);

  // PermissionDenied: `old_password` is wrong. NotFound: no such user.
  absl::Status ChangePassword(std::string_view user_id, std::string_view old_password, std::string_view new_password);

 private:
  absl::StatusOr<UserRow> NewAdmin(std::string_view email, std::string_view password, std::string_view name) const;
  SignedIn SignIn(UserRow user) const;

  UserTable& users_;
  const TokenSigner& signer_;
  const Clock& clock_;
  const std::string org_id_;
  const RoleGroups roles_;
  const ScryptCost cost_;
  const std::string nobody_hash_;  // what the password of an unknown user is compared with
};

}  // namespace hoop

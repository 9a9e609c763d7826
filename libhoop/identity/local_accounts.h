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
#include "store/service_account_table.h"
#include "store/user_table.h"

namespace hoop {

struct SignedIn {
  UserRow user;
  std::string token;
};

// The same in every gateway: UUID version 5 of serviceaccount/<subject>.
std::string ServiceAccountId(std::string_view subject);

// Owned by Gateway. Every call with a password hashes it: on the one worker for hashes, whose queue is bounded.
class LocalAccounts final {
 public:
  LocalAccounts(UserTable& users, const TokenSigner& signer, const Clock& clock, std::string org_id, RoleGroups roles,
                ScryptCost cost = {});

  // The first user of the organization, an administrator. FailedPrecondition: there is a user already.
  // InvalidArgument: no e-mail address, or a password that is too short or too long.
  absl::StatusOr<SignedIn> Register(std::string_view email, std::string_view password, std::string_view name);

  // For the development mode: that user exists, is active, an administrator and has this password.
  absl::StatusOr<SignedIn> EnsureAdmin(std::string_view email, std::string_view password, std::string_view name);

  // Unauthenticated: "wrong e-mail or password", in the same time for an unknown user; "user is not active".
  absl::StatusOr<SignedIn> Login(std::string_view email, std::string_view password);

  // Stores a user of any organization, who signs in with `password`, or not at all when it is empty. Makes id, subject,
  // hash and times. InvalidArgument as for Register. AlreadyExists: the e-mail is taken.
  absl::StatusOr<UserRow> Add(UserRow user, std::string_view password);

  // Tokens of before are not taken any more; the new one is in the answer.
  // PermissionDenied: `old_password` is wrong. NotFound: no such user. InvalidArgument as for Register.
  absl::StatusOr<SignedIn> ChangePassword(std::string_view user_id, std::string_view old_password,
                                          std::string_view new_password);

  // The same by an administrator, who does not know the old one.
  absl::Status SetPassword(std::string_view user_id, std::string_view password);

  // What a service account shows as its bearer token. Hashes nothing.
  std::string TokenFor(const ServiceAccountRow& account, absl::Duration lifetime) const;

 private:
  absl::StatusOr<UserRow> Complete(UserRow user, std::string hash) const;
  UserRow Admin(std::string_view email, std::string_view name) const;
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

#include "identity/local_accounts.h"

#include <algorithm>

#include "base/check.h"
#include "base/ids.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"

namespace hoop {
namespace {

// Enough to tell an address from a name; whether mail arrives there is not our business.
bool LooksLikeEmail(std::string_view text) {
  const size_t at = text.find('@');
  const bool printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f && c != ','; });
  return printable && text.size() <= limits::kEmailBytesMax && at != std::string_view::npos && at > 0 &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
}

absl::StatusOr<std::string> HashNewPassword(std::string_view password, const ScryptCost& cost) {
  if (password.size() < limits::kPasswordBytesMin) {
    return InvalidArgument("password: shorter than {} bytes", limits::kPasswordBytesMin);
  }
  return HashPassword(password, cost);
}

}  // namespace

std::string ServiceAccountId(std::string_view subject) { return UrlUuid(fmt::format("serviceaccount/{}", subject)); }

LocalAccounts::LocalAccounts(UserTable& users, const TokenSigner& signer, const Clock& clock, std::string org_id,
                             RoleGroups roles, ScryptCost cost)
    : users_(users),
      signer_(signer),
      clock_(clock),
      org_id_(std::move(org_id)),
      roles_(std::move(roles)),
      cost_(cost),
      nobody_hash_(HashOfNobody(cost)) {}

absl::StatusOr<UserRow> LocalAccounts::Complete(UserRow user, std::string hash) const {
  if (!LooksLikeEmail(user.email)) return InvalidArgument("an e-mail address such as you@example.com is expected");
  user.id = NewUuid();
  user.subject = user.email;
  user.password_hash = std::move(hash);
  user.created_at = user.updated_at = clock_.Now();
  return user;
}

UserRow LocalAccounts::Admin(std::string_view email, std::string_view name) const {
  UserRow user;
  user.org_id = org_id_;
  user.email = email;
  user.name = name;
  user.groups = {roles_.admin};
  return user;
}

SignedIn LocalAccounts::SignIn(UserRow user) const {
  std::string token = signer_.Sign(user.subject, user.id, user.email, clock_.Now());
  return {std::move(user), std::move(token)};
}

absl::StatusOr<SignedIn> LocalAccounts::Register(std::string_view email, std::string_view password,
                                                 std::string_view name) {
  // Asked first, although InsertFirst asks again: nobody shall make us hash for nothing.
  HOOP_ASSIGN_OR_RETURN(const int64_t count, users_.Count(org_id_));
  if (count > 0) return FailedPrecondition("user {}: the organization has a user already", email);
  HOOP_ASSIGN_OR_RETURN(std::string hash, HashNewPassword(password, cost_));
  HOOP_ASSIGN_OR_RETURN(UserRow user, Complete(Admin(email, name), std::move(hash)));
  HOOP_RETURN_IF_ERROR(users_.InsertFirst(user));
  return SignIn(std::move(user));
}

absl::StatusOr<SignedIn> LocalAccounts::EnsureAdmin(std::string_view email, std::string_view password,
                                                    std::string_view name) {
  absl::StatusOr<UserRow> found = users_.FindByEmail(org_id_, email);
  if (absl::IsNotFound(found.status())) {
    HOOP_ASSIGN_OR_RETURN(std::string hash, HashPassword(password, cost_));
    HOOP_ASSIGN_OR_RETURN(UserRow user, Complete(Admin(email, name), std::move(hash)));
    HOOP_RETURN_IF_ERROR(users_.Insert(user));
    return SignIn(std::move(user));
  }
  HOOP_RETURN_IF_ERROR(found.status());
  UserRow user = *std::move(found);
  const absl::Time now = clock_.Now();
  const bool is_admin = std::find(user.groups.begin(), user.groups.end(), roles_.admin) != user.groups.end();
  if (!is_admin || user.status != UserStatus::kActive) {
    if (!is_admin) user.groups.push_back(roles_.admin);
    user.status = UserStatus::kActive;
    user.updated_at = now;
    HOOP_RETURN_IF_ERROR(users_.Update(user));
  }
  if (!PasswordMatches(password, user.password_hash)) {
    HOOP_ASSIGN_OR_RETURN(user.password_hash, HashPassword(password, cost_));
    HOOP_RETURN_IF_ERROR(users_.SetPasswordHash(user.id, user.password_hash, now));
  }
  return SignIn(std::move(user));
}

absl::StatusOr<SignedIn> LocalAccounts::Login(std::string_view email, std::string_view password) {
  absl::StatusOr<UserRow> user = users_.FindByEmail(org_id_, email);
  // Text that cannot be stored names nobody.
  const bool unknown = absl::IsNotFound(user.status()) || absl::IsInvalidArgument(user.status());
  if (!user.ok() && !unknown) return user.status();
  const bool has_password = user.ok() && !user->password_hash.empty();
  const bool matches = PasswordMatches(password, has_password ? user->password_hash : nobody_hash_);
  if (!has_password || !matches) return Unauthenticated("wrong e-mail or password");
  if (user->status != UserStatus::kActive) return Unauthenticated("user is not active");
  return SignIn(*std::move(user));
}

absl::StatusOr<UserRow> LocalAccounts::Add(UserRow user, std::string_view password) {
  std::string hash;
  if (!password.empty()) {
    HOOP_ASSIGN_OR_RETURN(hash, HashNewPassword(password, cost_));
  }
  HOOP_ASSIGN_OR_RETURN(UserRow complete, Complete(std::move(user), std::move(hash)));
  HOOP_RETURN_IF_ERROR(users_.Insert(complete));
  return complete;
}

absl::StatusOr<SignedIn> LocalAccounts::ChangePassword(std::string_view user_id, std::string_view old_password,
                                                       std::string_view new_password) {
  HOOP_ASSIGN_OR_RETURN(UserRow user, users_.FindById(user_id));
  if (!PasswordMatches(old_password, user.password_hash)) return PermissionDenied("the old password is wrong");
  HOOP_RETURN_IF_ERROR(SetPassword(user_id, new_password));
  return SignIn(std::move(user));
}

absl::Status LocalAccounts::SetPassword(std::string_view user_id, std::string_view password) {
  HOOP_ASSIGN_OR_RETURN(const std::string hash, HashNewPassword(password, cost_));
  return users_.SetPasswordHash(user_id, hash, clock_.Now());
}

std::string LocalAccounts::TokenFor(const ServiceAccountRow& account, absl::Duration lifetime) const {
  return signer_.Sign(account.subject, account.id, account.subject, clock_.Now(), lifetime);
}

}  // namespace hoop

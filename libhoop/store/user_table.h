// People who may sign in, with the names of their groups. Read by identity/ and rest/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/database.h"

namespace hoop {

enum class UserStatus { kActive, kInactive, kInvited };
std::string_view UserStatusText(UserStatus status);  // as REST says it: active, inactive, invited

struct UserRow {
  std::string id;  // ours, a UUID
  std::string org_id;
  std::string subject;  // as the issuer says; the e-mail of a local account. REST shows it as `id`
  std::string email;
  std::string name;
  std::string picture;
  std::string slack_id;
  std::string password_hash;  // empty: cannot sign in with a password
  UserStatus status = UserStatus::kActive;
  std::vector<std::string> groups;  // sorted, each once
  absl::Time created_at;
  absl::Time updated_at;
  absl::Time password_changed_at = absl::UnixEpoch();  // the epoch: never
};

// E-mails are unique in an organization without regard to case, subjects as they are.
// Owned by Store. Blocks; any worker thread. NotFound and AlreadyExists name the user.
class UserTable final {
 public:
  explicit UserTable(Database& database) : database_(database) {}

  absl::Status Insert(const UserRow& user);

  // Only into an organization without users, in one step. FailedPrecondition: it has one.
  absl::Status InsertFirst(const UserRow& user);

  absl::StatusOr<UserRow> FindById(std::string_view id);
  absl::StatusOr<UserRow> FindBySubject(std::string_view org_id, std::string_view subject);
  absl::StatusOr<UserRow> FindByEmail(std::string_view org_id, std::string_view email);

  absl::StatusOr<std::vector<UserRow>> List(std::string_view org_id);  // by e-mail
  absl::StatusOr<int64_t> Count(std::string_view org_id);

  // By id: everything but org, subject, created_at and the password; the groups are replaced.
  // FailedPrecondition: `kept_group`, when it is named, would lose its last active member.
  absl::Status Update(const UserRow& user, std::string_view kept_group = {});
  absl::Status SetPasswordHash(std::string_view id, std::string_view hash, absl::Time now);
  // FailedPrecondition as for Update.
  absl::Status Delete(std::string_view org_id, std::string_view id, std::string_view kept_group = {});

 private:
  absl::StatusOr<UserRow> FindOne(std::string_view where, absl::Span<const SqlValue> values, std::string_view named);

  Database& database_;
};

}  // namespace hoop

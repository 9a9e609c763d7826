#include "store/user_table.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"

namespace hoop {
namespace {

constexpr std::string_view kSelect =
    "select id, org_id, subject, email, name, picture, slack_id, password_hash, status, created_at, updated_at, "
    "password_changed_at from users ";

absl::StatusOr<UserStatus> UserStatusFromText(std::string_view text) {
  for (UserStatus status : {UserStatus::kActive, UserStatus::kInactive, UserStatus::kInvited}) {
    if (text == UserStatusText(status)) return status;
  }
  return DataLoss("database: a user has no known status");
}

absl::StatusOr<UserRow> ReadUser(const Row& row) {
  RowReader reader(row);
  UserRow user;
  user.id = reader.String();
  user.org_id = reader.String();
  user.subject = reader.String();
  user.email = reader.String();
  user.name = reader.String();
  user.picture = reader.String();
  user.slack_id = reader.String();
  user.password_hash = reader.String();
  HOOP_ASSIGN_OR_RETURN(user.status, UserStatusFromText(reader.String()));
  user.created_at = reader.Time();
  user.updated_at = reader.Time();
  user.password_changed_at = reader.Time();
  return user;
}

absl::Status InsertGroups(Transaction& transaction, const UserRow& user) {
  for (const std::string& group : user.groups) {
    HOOP_RETURN_IF_ERROR(transaction
                             .Execute("insert into user_groups (org_id, user_id, name) values ($1, $2, $3) "
                                      "on conflict (user_id, name) do nothing",
                                      {user.org_id, user.id, group})
                             .status());
  }
  return absl::OkStatus();
}

absl::Status InsertUser(Transaction& transaction, const UserRow& user) {
  const absl::StatusOr<int64_t> inserted = transaction.Execute(
      "insert into users (id, org_id, subject, email, name, picture, slack_id, password_hash, status, created_at, "
      "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {user.id, user.org_id, user.subject, user.email, user.name, user.picture, user.slack_id, user.password_hash,
       UserStatusText(user.status), user.created_at, user.updated_at});
  HOOP_RETURN_IF_ERROR(Annotate(inserted.status(), fmt::format("user {}", user.email)));
  return InsertGroups(transaction, user);
}

absl::StatusOr<int64_t> CountUsers(Transaction& transaction, std::string_view org_id) {
  int64_t count = 0;
  HOOP_RETURN_IF_ERROR(
      transaction.Select("select count(*) from users where org_id = $1", {org_id}, [&](const Row& row) {
        count = row.Int(0);
        return absl::OkStatus();
      }));
  return count;
}

absl::StatusOr<int64_t> CountActive(Transaction& transaction, std::string_view org_id, std::string_view group) {
  int64_t count = 0;
  if (group.empty()) return count;
  HOOP_RETURN_IF_ERROR(
      transaction.Select("select count(*) from user_groups as g join users as u on u.id = g.user_id "
                         "where g.org_id = $1 and g.name = $2 and u.status = 'active'",
                         {org_id, group}, [&](const Row& row) {
                           count = row.Int(0);
                           return absl::OkStatus();
                         }));
  return count;
}

// What never had a member cannot lose its last one.
absl::Status RequireMember(Transaction& transaction, std::string_view org_id, std::string_view group, int64_t before) {
  if (before == 0) return absl::OkStatus();
  HOOP_ASSIGN_OR_RETURN(const int64_t after, CountActive(transaction, org_id, group));
  return after > 0 ? absl::OkStatus() : FailedPrecondition("group {}: it would lose its last active member", group);
}

absl::Status RequireOne(const absl::StatusOr<int64_t>& changed, std::string_view id) {
  HOOP_RETURN_IF_ERROR(Annotate(changed.status(), fmt::format("user {}", id)));
  return *changed == 1 ? absl::OkStatus() : NotFound("user {}: there is none", id);
}

}  // namespace

std::string_view UserStatusText(UserStatus status) {
  switch (status) {
    case UserStatus::kActive:
      return "active";
    case UserStatus::kInactive:
      return "inactive";
    case UserStatus::kInvited:
      return "invited";
  }
  return "inactive";
}

absl::Status UserTable::Insert(const UserRow& user) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) { return InsertUser(transaction, user); });
}

absl::Status UserTable::InsertFirst(const UserRow& user) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t count, CountUsers(transaction, user.org_id));
    if (count > 0) return FailedPrecondition("user {}: the organization has a user already", user.email);
    return InsertUser(transaction, user);
  });
}

absl::StatusOr<UserRow> UserTable::FindOne(std::string_view where, absl::Span<const SqlValue> values,
                                           std::string_view named) {
  std::optional<UserRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(
        transaction.Select(fmt::format("{}{}", kSelect, where), values, [&](const Row& row) -> absl::Status {
          HOOP_ASSIGN_OR_RETURN(found, ReadUser(row));
          return absl::OkStatus();
        }));
    if (!found.has_value()) return NotFound("user {}: there is none", named);
    return transaction.Select("select name from user_groups where user_id = $1 order by name", {found->id},
                              [&](const Row& row) {
                                found->groups.push_back(row.String(0));
                                return absl::OkStatus();
                              });
  }));
  return *std::move(found);
}

absl::StatusOr<UserRow> UserTable::FindById(std::string_view id) { return FindOne("where id = $1", {id}, id); }

absl::StatusOr<UserRow> UserTable::FindBySubject(std::string_view org_id, std::string_view subject) {
  return FindOne("where org_id = $1 and subject = $2", {org_id, subject}, subject);
}

absl::StatusOr<UserRow> UserTable::FindByEmail(std::string_view org_id, std::string_view email) {
  return FindOne("where org_id = $1 and lower(email) = lower($2)", {org_id, email}, email);
}

absl::StatusOr<std::vector<UserRow>> UserTable::List(std::string_view org_id) {
  std::vector<UserRow> users;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    std::map<std::string, std::vector<std::string>> groups;
    HOOP_RETURN_IF_ERROR(transaction.Select("select user_id, name from user_groups where org_id = $1 order by name",
                                            {org_id}, [&](const Row& row) {
                                              groups[row.String(0)].push_back(row.String(1));
                                              return absl::OkStatus();
                                            }));
    return transaction.Select(fmt::format("{}where org_id = $1 order by lower(email)", kSelect), {org_id},
                              [&](const Row& row) -> absl::Status {
                                HOOP_ASSIGN_OR_RETURN(UserRow user, ReadUser(row));
                                user.groups = std::move(groups[user.id]);
                                users.push_back(std::move(user));
                                return absl::OkStatus();
                              });
  }));
  return users;
}

absl::StatusOr<int64_t> UserTable::Count(std::string_view org_id) {
  int64_t count = 0;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(count, CountUsers(transaction, org_id));
    return absl::OkStatus();
  }));
  return count;
}

absl::Status UserTable::Update(const UserRow& user, std::string_view kept_group) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t before, CountActive(transaction, user.org_id, kept_group));
    HOOP_RETURN_IF_ERROR(RequireOne(
        transaction.Execute("update users set email = $2, name = $3, picture = $4, slack_id = $5, status = $6, "
                            "updated_at = $7 where id = $1 and org_id = $8",
                            {user.id, user.email, user.name, user.picture, user.slack_id, UserStatusText(user.status),
                             user.updated_at, user.org_id}),
        user.email));
    HOOP_RETURN_IF_ERROR(transaction.Execute("delete from user_groups where user_id = $1", {user.id}).status());
    HOOP_RETURN_IF_ERROR(InsertGroups(transaction, user));
    return RequireMember(transaction, user.org_id, kept_group, before);
  });
}

absl::Status UserTable::SetPasswordHash(std::string_view id, std::string_view hash, absl::Time now) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return RequireOne(
        transaction.Execute("update users set password_hash = $2, updated_at = $3, password_changed_at = $3 "
                            "where id = $1",
                            {id, hash, now}),
        id);
  });
}

absl::Status UserTable::Delete(std::string_view org_id, std::string_view id, std::string_view kept_group) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t before, CountActive(transaction, org_id, kept_group));
    HOOP_RETURN_IF_ERROR(
        RequireOne(transaction.Execute("delete from users where id = $1 and org_id = $2", {id, org_id}), id));
    return RequireMember(transaction, org_id, kept_group, before);
  });
}

}  // namespace hoop

// `hoop admin create | update` of users, service accounts and groups: an update asks first and changes what is given.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "admin_commands.h"
#include "group_notices.h"
#include "secret_input.h"
#include "table.h"

namespace hoop::cli {
namespace {

const char* StatusWord(bool active) { return active ? "active" : "inactive"; }

std::vector<std::string> ChangedGroups(std::vector<std::string> groups, const PersonOptions& options) {
  if (options.groups) groups = *options.groups;
  for (const std::string& group : options.add_groups) {
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  }
  for (const std::string& group : options.remove_groups) {
    groups.erase(std::remove(groups.begin(), groups.end(), group), groups.end());
  }
  return groups;
}

void Change(UserInfo& user, const PersonOptions& options) {
  user.name = options.name.value_or(user.name);
  user.slack_id = options.slack_id.value_or(user.slack_id);
  user.picture = options.picture.value_or(user.picture);
  user.groups = ChangedGroups(std::move(user.groups), options);
  if (options.active) user.status = StatusWord(*options.active);
}

// What the gateway made of the groups, when it is not what was asked for: nobody takes his own rights away.
absl::StatusOr<std::string> OtherGroupsNote(ApiClient& api, UserInfo asked) {
  auto user = api.User(asked.email);
  if (!user.ok()) return user.status();
  std::sort(asked.groups.begin(), asked.groups.end());
  std::sort(user->groups.begin(), user->groups.end());
  if (user->groups == asked.groups) return "";
  return fmt::format(", but the gateway made the groups: {}",
                     user->groups.empty() ? "-" : Harmless(fmt::format("{}", fmt::join(user->groups, ", "))));
}

absl::Status ChangeUser(ApiClient& api, UserInfo user, const PersonOptions& options, const std::string& password) {
  Change(user, options);
  const std::vector<std::string> new_groups = NewGroups(api, user.groups);
  if (const absl::Status changed = api.ReplaceUser(user); !changed.ok()) return changed;
  SayNewGroups(new_groups);
  if (!password.empty()) {
    if (const absl::Status set = api.SetUserPassword(user, password); !set.ok()) return set;
  }
  const auto note = OtherGroupsNote(api, user);
  if (!note.ok()) return note.status();
  return SayMade(api, options.json, fmt::format("user {} updated{}", user.email, *note), "users", user.email);
}

void Change(ServiceAccountInfo& account, const PersonOptions& options) {
  account.name = options.name.value_or(account.name);
  account.groups = ChangedGroups(std::move(account.groups), options);
  if (options.active) account.status = StatusWord(*options.active);
}

absl::StatusOr<ServiceAccountInfo> FindServiceAccount(ApiClient& api, const std::string& subject) {
  const auto accounts = api.ServiceAccounts();
  if (!accounts.ok()) return accounts.status();
  for (const ServiceAccountInfo& account : *accounts) {
    if (account.subject == subject) return account;
  }
  return absl::NotFoundError(fmt::format("service account {} not found", Harmless(subject)));
}

absl::Status ChangeServiceAccount(ApiClient& api, ServiceAccountInfo account, const PersonOptions& options) {
  Change(account, options);
  const std::vector<std::string> new_groups = NewGroups(api, account.groups);
  if (const absl::Status changed = api.ReplaceServiceAccount(account); !changed.ok()) return changed;
  SayNewGroups(new_groups);
  return SayMade(api, options.json, fmt::format("service account {} updated", account.subject), "serviceaccounts",
                 account.subject);
}

absl::StatusOr<std::string> GivenPassword(const PersonOptions& options) {
  return options.password_stdin ? ReadPasswordLine() : std::string();
}

}  // namespace

absl::Status CreateUser(ApiClient& api, const PersonOptions& options) {
  const auto password = GivenPassword(options);
  if (!password.ok()) return password.status();
  UserInfo user{.email = options.name_of, .status = "active"};
  Change(user, options);
  const std::vector<std::string> new_groups = NewGroups(api, user.groups);
  const absl::Status created = api.CreateUser(user, *password);
  if (absl::IsAlreadyExists(created) && options.overwrite) {
    auto there = api.User(options.name_of);
    if (!there.ok()) return there.status();
    there->status = "active";
    return ChangeUser(api, *std::move(there), options, *password);
  }
  if (!created.ok()) return created;
  // A gateway that signs in by passwords makes every new user active.
  if (!options.active.value_or(true)) {
    auto there = api.User(options.name_of);
    if (!there.ok()) return there.status();
    Change(*there, options);
    if (const absl::Status disabled = api.ReplaceUser(*there); !disabled.ok()) return disabled;
  }
  SayNewGroups(new_groups);
  if (password->empty()) SayNoPassword(api, user.email);
  return SayMade(api, options.json, fmt::format("user {} created", user.email), "users", user.email);
}

absl::Status UpdateUser(ApiClient& api, const PersonOptions& options) {
  const auto password = GivenPassword(options);
  if (!password.ok()) return password.status();
  auto user = api.User(options.name_of);
  return user.ok() ? ChangeUser(api, *std::move(user), options, *password) : user.status();
}

absl::Status CreateServiceAccount(ApiClient& api, const PersonOptions& options) {
  ServiceAccountInfo account{.subject = options.name_of, .status = "active"};
  Change(account, options);
  const std::vector<std::string> new_groups = NewGroups(api, account.groups);
  const absl::Status created = api.CreateServiceAccount(account);
  if (absl::IsAlreadyExists(created) && options.overwrite) {
    auto there = FindServiceAccount(api, options.name_of);
    if (!there.ok()) return there.status();
    there->status = "active";
    return ChangeServiceAccount(api, *std::move(there), options);
  }
  if (!created.ok()) return created;
  SayNewGroups(new_groups);
  return SayMade(api, options.json, fmt::format("service account {} created", account.subject), "serviceaccounts",
                 account.subject);
}

absl::Status UpdateServiceAccount(ApiClient& api, const PersonOptions& options) {
  auto account = FindServiceAccount(api, options.name_of);
  return account.ok() ? ChangeServiceAccount(api, *std::move(account), options) : account.status();
}

absl::Status CreateServiceToken(ApiClient& api, const TokenOptions& options) {
  const auto token = api.CreateServiceToken(options.subject, absl::Hours(24) * options.days);
  if (token.ok()) Print(*token + "\n");
  return token.status();
}

absl::Status CreateGroup(ApiClient& api, const GroupOptions& options) {
  const absl::Status created = api.CreateGroup(options.name);
  if (created.ok()) Print(fmt::format("group {} created\n", options.name));
  return created;
}

}  // namespace hoop::cli

#include "group_notices.h"

#include <fmt/format.h>

#include <algorithm>

#include "table.h"

namespace hoop::cli {
namespace {

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Each once, in the order they are given.
std::vector<std::string> GroupsOfNobody(ApiClient& api, const std::vector<std::string>& groups) {
  if (groups.empty()) return {};
  const auto known = api.Groups();
  if (!known.ok()) return {};
  std::vector<std::string> missing;
  for (const std::string& group : groups) {
    if (!Has(*known, group) && !Has(missing, group)) missing.push_back(group);
  }
  return missing;
}

// "group a", "groups a, b"
std::string GroupsText(const std::vector<std::string>& groups) {
  return Harmless(fmt::format("group{} {}", groups.size() == 1 ? "" : "s", fmt::join(groups, ", ")));
}

}  // namespace

std::vector<std::string> NewGroups(ApiClient& api, const std::vector<std::string>& groups) {
  std::vector<std::string> missing = GroupsOfNobody(api, groups);
  if (missing.empty()) return {};
  const auto connections = api.Connections();
  if (!connections.ok()) return {};
  std::erase_if(missing, [&connections](const std::string& group) {
    return std::any_of(connections->begin(), connections->end(),
                       [&group](const ConnectionInfo& connection) { return Has(connection.access_groups, group); });
  });
  return missing;
}

void SayNewGroups(const std::vector<std::string>& groups) {
  if (groups.empty()) return;
  fmt::print(stderr, "hoop: nobody else is in {}, and no connection is for {}: new, or mistyped?\n", GroupsText(groups),
             groups.size() == 1 ? "it" : "them");
}

void SayGroupsOfNobody(ApiClient& api, const std::vector<std::string>& groups) {
  const std::vector<std::string> missing = GroupsOfNobody(api, groups);
  if (missing.empty()) return;
  fmt::print(stderr, "hoop: nobody is in {}; `hoop admin update user EMAIL --add-group '{}'` puts somebody there\n",
             GroupsText(missing), Harmless(missing.front()));
}

void SayNoPassword(ApiClient& api, const std::string& email) {
  const auto method = api.AuthMethod();
  if (!method.ok() || *method != "local") return;
  fmt::print(stderr,
             "hoop: {0} has no password and cannot sign in; `hoop admin update user {0} --password-stdin` sets one\n",
             Harmless(email));
}

}  // namespace hoop::cli

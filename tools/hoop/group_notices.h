// What is said on standard error about people and groups: nothing is refused, but it would surprise somebody later.
// Used by `hoop admin create | update` and `hoop start dev`.
#pragma once

#include <string>
#include <vector>

#include "api.h"

namespace hoop::cli {

// Of `groups`, those that nobody is in and no connection is for: asked for before somebody comes into them. Empty where
// the gateway does not tell.
std::vector<std::string> NewGroups(ApiClient& api, const std::vector<std::string>& groups);
void SayNewGroups(const std::vector<std::string>& groups);

// Of the groups that a connection is for, those that nobody is in.
void SayGroupsOfNobody(ApiClient& api, const std::vector<std::string>& groups);

// Of a new account without a password, where people sign in by one.
void SayNoPassword(ApiClient& api, const std::string& email);

}  // namespace hoop::cli

// Connections, agents and people of the REST API as values, and values as what it is sent. Used by api_resources.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/api_objects.h"

namespace hoop {

// Internal: the body is not what the route answers.
absl::StatusOr<std::vector<ConnectionInfo>> ParseConnections(std::string_view body);
absl::StatusOr<ConnectionInfo> ParseConnection(std::string_view body);
absl::StatusOr<std::vector<AgentInfo>> ParseAgents(std::string_view body);
absl::StatusOr<std::vector<UserInfo>> ParseUsers(std::string_view body);
absl::StatusOr<UserInfo> ParseUser(std::string_view body);
absl::StatusOr<std::vector<ServiceAccountInfo>> ParseServiceAccounts(std::string_view body);
absl::StatusOr<std::vector<PluginInfo>> ParsePlugins(std::string_view body);
absl::StatusOr<std::vector<std::string>> ParseTexts(std::string_view body);

std::string AgentJson(std::string_view name, std::string_view mode);
// An empty name is not sent: for updates.
std::string ConnectionJson(std::string_view name, const ConnectionSpec& spec);
std::string UserJson(const UserInfo& user, std::string_view password);
// The old one is asked for when it is one's own.
std::string PasswordJson(std::string_view old_password, std::string_view password);
std::string ServiceAccountJson(const ServiceAccountInfo& account);
std::string GroupJson(std::string_view name);
std::string PluginJson(const PluginSpec& spec);
std::string PluginConfigJson(const std::map<std::string, std::string>& variables);
std::string ResourceSpecJson(const ResourceSpec& spec);
// "journal: ok, store: ok"; "" for another answer.
std::string ParseReadiness(std::string_view body);

}  // namespace hoop

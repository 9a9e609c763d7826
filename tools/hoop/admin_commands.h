// What administrators do: `hoop admin get | create | update | delete | serverinfo`, one file each.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api.h"
#include "commands.h"

namespace hoop::cli {

// The kinds of objects by the first of their names; the words for completion and for what is not one of them.
struct ObjectKind {
  std::string_view name;                    // "agents"
  std::array<std::string_view, 3> aliases;  // "agent"; "" is none
};
std::span<const ObjectKind> ObjectKinds();

// "agents/prod" or "agents" and "prod". InvalidArgument: there is no such kind.
struct ObjectName {
  std::string kind;  // by its first name
  std::string name;  // empty: all of them
};
absl::StatusOr<ObjectName> ReadObjectName(const std::string& resource, const std::string& name);

// As the real command line sends names: lower case, blanks as '_'. Says so when that changed it.
std::string NormalizedName(const std::string& name);

struct AdminGetOptions {
  std::string resource, name;
  OutputForm form = OutputForm::kTable;
  bool show_tags = false;
  std::vector<std::string> query;  // NAME=VALUE, for sessions
};
absl::Status AdminGet(ApiClient& api, const AdminGetOptions& options);

struct ServerInfoOptions {
  bool json = false;
};
absl::Status ShowServerInfo(ApiClient& api, const ServerInfoOptions& options);

// Whether the API of the configuration answers; a token is not needed. The exit code.
int RunGatewayInfo(const Environment& environment);

struct AdminDeleteOptions {
  std::string resource, name;
};
absl::Status AdminDelete(ApiClient& api, const AdminDeleteOptions& options);

struct NewAgentOptions {
  std::string name;
  std::string mode = "standard";
  bool json = false;
};
absl::Status CreateAgent(ApiClient& api, const NewAgentOptions& options);

struct PluginOptions {
  std::string name;
  std::optional<std::string> source;
  std::optional<int> priority;
  std::vector<std::string> connections;  // NAME:WORD;WORD
  std::vector<std::string> config;       // NAME=VALUE
  bool overwrite = false;
  bool json = false;
};
absl::Status CreatePlugin(ApiClient& api, const PluginOptions& options);

// After something was made or changed: `line`, or the object as the gateway has it now.
absl::Status SayMade(ApiClient& api, bool json, const std::string& line, const std::string& kind,
                     const std::string& name);

struct TokenOptions {
  std::string subject;  // of a service account
  int days = 90;
};
absl::Status CreateServiceToken(ApiClient& api, const TokenOptions& options);

struct GroupOptions {
  std::string name;
};
absl::Status CreateGroup(ApiClient& api, const GroupOptions& options);

struct NoOptions {};
absl::Status CreateOrganizationKey(ApiClient& api, const NoOptions& options);

// Users and service accounts; what is not given stays as it is, or empty.
struct PersonOptions {
  std::string name_of;  // e-mail or subject
  std::optional<std::string> name, slack_id, picture;
  std::optional<std::vector<std::string>> groups;
  std::vector<std::string> add_groups, remove_groups;
  std::optional<bool> active;
  bool password_stdin = false;
  bool overwrite = false;
  bool json = false;
};
absl::Status CreateUser(ApiClient& api, const PersonOptions& options);
absl::Status UpdateUser(ApiClient& api, const PersonOptions& options);
absl::Status CreateServiceAccount(ApiClient& api, const PersonOptions& options);
absl::Status UpdateServiceAccount(ApiClient& api, const PersonOptions& options);

struct ConnectionOptions {
  std::string name;
  std::vector<std::string> command;     // behind "--"
  std::optional<std::string> type;      // type or type/subtype
  std::optional<std::string> agent;     // name or id
  std::optional<std::string> resource;  // what it leads to
  std::vector<std::string> env;
  std::vector<std::string> unset;  // names of variables that go; updates only
  std::optional<std::string> record, schema, jira_issue_template_id;
  std::optional<std::vector<std::string>> access_modes, access_groups, tags, reviewers, redact_types, guardrail_rules;
  bool overwrite = false;
  bool skip_validation = false;
  bool json = false;
};
absl::Status CreateConnection(ApiClient& api, const ConnectionOptions& options);
absl::Status UpdateConnection(ApiClient& api, const ConnectionOptions& options);

struct ConnectionsFileOptions {
  std::string file;
};
absl::Status CreateConnections(ApiClient& api, const ConnectionsFileOptions& options);

}  // namespace hoop::cli

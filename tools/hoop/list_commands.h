// What a user may use, and what it is: `hoop list`, `describe`, `roles`, `resources`.
#pragma once

#include <string>
#include <vector>

#include "api.h"
#include "commands.h"

namespace hoop::cli {

struct ListOptions {
  OutputForm form = OutputForm::kTable;
};
absl::Status ListConnections(ApiClient& api, const ListOptions& options);

struct DescribeOptions {
  std::string connection;
  bool json = false;
};
absl::Status DescribeConnection(ApiClient& api, const DescribeOptions& options);

// A role is a connection, a resource what several of them lead to.
struct RolesOptions {
  std::string resource;  // empty: of all
  bool json = false;
  bool quiet = false;  // names alone
};
absl::Status ListRoles(ApiClient& api, const RolesOptions& options);

struct ResourcesOptions {
  std::string search;  // in name, type, subtype
  std::string name;
  std::string subtype;
  bool json = false;
  bool quiet = false;
};
absl::Status ListResources(ApiClient& api, const ResourcesOptions& options);

struct NewResourceOptions {
  std::string name, type, subtype;
  std::string agent;             // name or id
  std::vector<std::string> env;  // NAME=VALUE
  bool json = false;
};
absl::Status CreateResource(ApiClient& api, const NewResourceOptions& options);

}  // namespace hoop::cli

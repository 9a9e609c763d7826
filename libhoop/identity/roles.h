// The groups that make an administrator or an auditor.
#pragma once

#include <string>

namespace hoop {

struct RoleGroups {
  std::string admin = "admin";
  std::string auditor = "auditor";
};

}  // namespace hoop

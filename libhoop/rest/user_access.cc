#include "rest/user_access.h"

#include "base/status.h"

namespace hoop::rest {

absl::StatusOr<UserRow> FindUser(const ApiParts& parts, const Request& request) {
  const std::string& wanted = request.Parameter("id");
  UserTable& users = parts.store.users();
  absl::StatusOr<UserRow> user = users.FindByEmail(request.identity->org_id, wanted);
  if (absl::IsNotFound(user.status())) user = users.FindBySubject(request.identity->org_id, wanted);
  if (absl::IsNotFound(user.status())) return NotFound("user {} not found", wanted);
  return user;
}

}  // namespace hoop::rest

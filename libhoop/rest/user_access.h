// Which user a path means. Used by the routes of users and of passwords.
#pragma once

#include "absl/status/statusor.h"
#include "rest/api.h"
#include "store/user_table.h"

namespace hoop::rest {

// The user of the path parameter "id", an e-mail or a subject, in the caller's organization: what GET showed as `id` is
// taken by PUT and DELETE. 404 "user <id> not found".
absl::StatusOr<UserRow> FindUser(const ApiParts& parts, const Request& request);

}  // namespace hoop::rest

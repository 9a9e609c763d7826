// Whose session is it: the one place that decides who may see one. Used by the routes of sessions and of records.
#pragma once

#include "absl/status/statusor.h"
#include "rest/api.h"
#include "store/session_table.h"

namespace hoop::rest {

// The session of the path parameter "id", when the caller is its owner, an administrator or an auditor of its
// organization. A session of somebody else is as unknown as one that is not there: 404 "not found".
absl::StatusOr<SessionRow> FindSession(const ApiParts& parts, const Request& request);
absl::StatusOr<SessionRow> FindSession(const ApiParts& parts, const std::string& session_id, const Identity& identity);

// The session as it is now, with the end that the journal may know already: who was just told so must not read "open".
absl::StatusOr<SessionRow> FreshSession(const ApiParts& parts, SessionRow session);

bool IsOwner(const Identity& identity, const SessionRow& session);

}  // namespace hoop::rest

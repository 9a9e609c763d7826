#include "rest/session_access.h"

#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::rest {

bool IsOwner(const Identity& identity, const SessionRow& session) {
  return identity.org_id == session.head.org_id && identity.user_id == session.head.user_id;
}

absl::StatusOr<SessionRow> FindSession(const ApiParts& parts, const Request& request) {
  const std::string& id = request.Parameter("id");
  if (!IsUuid(id)) return NotFound("not found");
  absl::StatusOr<SessionRow> session = parts.store.sessions().Find(id);
  if (absl::IsNotFound(session.status())) return NotFound("not found");
  HOOP_RETURN_IF_ERROR(session.status());
  const Identity& identity = *request.identity;
  const bool sees_all = identity.is_admin || identity.is_auditor;
  const bool sees = sees_all ? identity.org_id == session->head.org_id : IsOwner(identity, *session);
  if (!sees) return NotFound("not found");
  return session;
}

}  // namespace hoop::rest

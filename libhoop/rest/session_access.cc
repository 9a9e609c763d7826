#include "rest/session_access.h"

#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::rest {

bool IsOwner(const Identity& identity, const SessionRow& session) {
  return identity.org_id == session.head.org_id && identity.user_id == session.head.user_id;
}

absl::StatusOr<SessionRow> FindSession(const ApiParts& parts, const Request& request) {
  return FindSession(parts, request.Parameter("id"), *request.identity);
}

absl::StatusOr<SessionRow> FindSession(const ApiParts& parts, const std::string& session_id, const Identity& identity) {
  if (!IsUuid(session_id)) return NotFound("not found");
  absl::StatusOr<SessionRow> session = parts.store.sessions().Find(session_id);
  if (absl::IsNotFound(session.status())) return NotFound("not found");
  HOOP_RETURN_IF_ERROR(session.status());
  const bool sees_all = identity.is_admin || identity.is_auditor;
  const bool sees = sees_all ? identity.org_id == session->head.org_id : IsOwner(identity, *session);
  if (!sees) return NotFound("not found");
  return session;
}

absl::StatusOr<SessionRow> FreshSession(const ApiParts& parts, SessionRow session) {
  if (session.status == SessionStatus::kDone) return session;
  HOOP_RETURN_IF_ERROR(parts.audit.Flush());
  return parts.store.sessions().Find(session.head.session_id);
}

}  // namespace hoop::rest

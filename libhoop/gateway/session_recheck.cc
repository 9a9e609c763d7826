#include "gateway/session_recheck.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

SessionRecheck::SessionRecheck(Loop& loop, Log log, const Clock& clock, IdpVerifier& verifier,
                               ConnectionTable& connections, SessionDirectory& sessions)
    : loop_(loop),
      log_(log),
      clock_(clock),
      verifier_(verifier),
      connections_(connections),
      sessions_(sessions),
      worker_("hoop-recheck", 1) {}

void SessionRecheck::Start() {
  timer_ = loop_.After(limits::kSessionRecheckTime, [this] { Check(); });
}

void SessionRecheck::Check() {
  const absl::Status posted = worker_.Post(
      [this, uses = sessions_.Uses()] { loop_.Post([this, refused = Ask(uses)] { OnAnswered(refused); }); });
  if (!posted.ok()) Start();  // the last round still waits
}

// Who cannot be asked about now stays: the next round comes.
SessionRecheck::Refused SessionRecheck::Ask(const std::set<Use>& uses) const {
  Refused refused;
  absl::StatusOr<Identity> identity;  // of the token before: they stand together
  const std::string* bearer = nullptr;
  for (const Use& use : uses) {
    if (bearer == nullptr || *bearer != use.bearer) identity = verifier_.Verify(use.bearer, clock_.Now());
    bearer = &use.bearer;
    const absl::Status status = identity.ok() ? MayUse(*identity, use.connection) : identity.status();
    if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status)) refused.emplace(use, StatusText(status));
  }
  return refused;
}

absl::Status SessionRecheck::MayUse(const Identity& identity, const std::string& connection) const {
  ConnectionFilter filter;
  filter.name = connection;
  if (!identity.is_admin) filter.visible_to_groups = identity.groups;
  HOOP_ASSIGN_OR_RETURN(const int64_t visible, connections_.Count(identity.org_id, filter));
  if (visible == 0) return PermissionDenied("access to connection {} was taken away", connection);
  return absl::OkStatus();
}

void SessionRecheck::OnAnswered(const Refused& refused) {
  for (const auto& [use, reason] : refused) {
    log_.Info("sessions ended", "connection", use.connection, "reason", reason);
    sessions_.EndOfUse(use, reason);
  }
  ++rounds_;
  Start();
}

}  // namespace hoop

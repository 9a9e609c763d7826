#include "gateway/unbegun_sessions.h"

#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {

UnbegunSessions::UnbegunSessions(Loop& loop, Log log, Clock& clock, SessionTable& sessions, AuditStore& audit,
                                 Admission& admission)
    : loop_(loop), log_(log), clock_(clock), sessions_(sessions), audit_(audit), admission_(admission) {}

void UnbegunSessions::End(const SessionHead& head, SessionEnd end, std::function<void()> done) {
  const absl::Status sealed = Seal(head, end);
  if (sealed.ok()) {
    // Written by then: whoever asks for the row waits until the seal is in it.
    if (done) loop_.AtTurnEnd(TurnPhase::kRelease, std::move(done));
    return;
  }
  log_.Warning("session without a record", "session", head.session_id, "reason", StatusText(sealed));
  const absl::Status posted = admission_.Post([this, id = head.session_id, end = std::move(end), done] {
    Finish(id, end);
    if (done) done();
  });
  if (!posted.ok() && done) done();
}

void UnbegunSessions::EndStored(std::string session_id, SessionEnd end, std::function<void()> done) {
  const absl::Status posted = admission_.Post([this, session_id, end = std::move(end), done] {
    const absl::StatusOr<SessionRow> row = sessions_.Find(session_id);
    if (row.ok() && row->status != SessionStatus::kDone) {
      return loop_.Post([this, head = row->head, end, done] { End(head, end, done); });
    }
    if (!row.ok() && !absl::IsNotFound(row.status())) {
      log_.Warning("session row not ended", "session", session_id, "reason", StatusText(row.status()));
    }
    if (done) done();
  });
  if (!posted.ok() && done) done();
}

absl::Status UnbegunSessions::Seal(const SessionHead& head, const SessionEnd& end) {
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<SessionRecord> record, audit_.Open(head, *this));
  return record->Seal(end).status();
}

void UnbegunSessions::Finish(const std::string& session_id, const SessionEnd& end) {
  const absl::Status finished = sessions_.Finish(session_id, clock_.Now(), end, std::nullopt);
  if (!finished.ok()) log_.Warning("session row not ended", "session", session_id, "reason", StatusText(finished));
}

}  // namespace hoop

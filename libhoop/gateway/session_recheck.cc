#include "gateway/session_recheck.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"

namespace hoop {

SessionRecheck::SessionRecheck(Loop& loop, Log log, const Clock& clock, IdpVerifier& verifier,
                               SessionDirectory& sessions)
    : loop_(loop), log_(log), clock_(clock), verifier_(verifier), sessions_(sessions), worker_("hoop-recheck", 1) {}

void SessionRecheck::Start() {
  timer_ = loop_.After(limits::kSessionRecheckTime, [this] { Check(); });
}

void SessionRecheck::Check() {
  const absl::Status posted = worker_.Post(
      [this, bearers = sessions_.Bearers()] { loop_.Post([this, refused = Ask(bearers)] { OnAnswered(refused); }); });
  if (!posted.ok()) Start();  // the last round still waits
}

// Who cannot be asked about now stays: the next round comes.
SessionRecheck::Refused SessionRecheck::Ask(const std::set<std::string>& bearers) const {
  Refused refused;
  for (const std::string& bearer : bearers) {
    const absl::Status status = verifier_.Verify(bearer, clock_.Now()).status();
    if (absl::IsUnauthenticated(status)) refused.emplace(bearer, StatusText(status));
  }
  return refused;
}

void SessionRecheck::OnAnswered(const Refused& refused) {
  for (const auto& [bearer, reason] : refused) {
    log_.Info("sessions ended", "reason", reason);
    sessions_.EndOfBearer(bearer, reason);
  }
  ++rounds_;
  Start();
}

}  // namespace hoop

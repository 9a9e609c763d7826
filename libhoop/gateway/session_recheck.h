// Asks again, every few minutes, who is behind the sessions that go on: whose token has run out, or who was deactivated
// by another gateway on the same store, goes no further. Started by the gateway.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/worker.h"
#include "gateway/session_directory.h"
#include "hoop/clock.h"
#include "hoop/idp_verifier.h"

namespace hoop {

// Owned by Gateway. Loop thread; destroyed there, or after that loop stopped. The questions block on a thread of their
// own, so that no new session waits for them.
class SessionRecheck final {
 public:
  SessionRecheck(Loop& loop, Log log, const Clock& clock, IdpVerifier& verifier, SessionDirectory& sessions);

  // Begins with the first question after limits::kSessionRecheckTime.
  void Start();

  // Questions that were answered, for tests.
  int rounds() const { return rounds_; }

 private:
  using Refused = std::map<std::string, std::string>;  // bearer token -> why

  void Check();
  Refused Ask(const std::set<std::string>& bearers) const;  // on the worker
  void OnAnswered(const Refused& refused);

  Loop& loop_;
  const Log log_;
  const Clock& clock_;
  IdpVerifier& verifier_;
  SessionDirectory& sessions_;
  std::unique_ptr<Timer> timer_;
  int rounds_ = 0;
  Worker worker_;  // last: joins first
};

}  // namespace hoop

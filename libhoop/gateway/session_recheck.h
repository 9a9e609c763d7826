// Asks again, every few minutes, who is behind the sessions that go on: whose token has run out, who was deactivated by
// another gateway on the same store, or who may not use the connection any more, goes no further. Started by the
// gateway.
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
#include "store/connection_table.h"

namespace hoop {

// Owned by Gateway. Loop thread; destroyed there, or after that loop stopped. The questions block on a thread of their
// own, so that no new session waits for them.
class SessionRecheck final {
 public:
  SessionRecheck(Loop& loop, Log log, const Clock& clock, IdpVerifier& verifier, ConnectionTable& connections,
                 SessionDirectory& sessions);

  // Begins with the first question after limits::kSessionRecheckTime.
  void Start();

  // Questions that were answered, for tests.
  int rounds() const { return rounds_; }

 private:
  using Use = SessionDirectory::Use;
  using Refused = std::map<Use, std::string>;  // -> why

  void Check();
  // On the worker.
  Refused Ask(const std::set<Use>& uses) const;
  absl::Status MayUse(const Identity& identity, const std::string& connection) const;
  void OnAnswered(const Refused& refused);

  Loop& loop_;
  const Log log_;
  const Clock& clock_;
  IdpVerifier& verifier_;
  ConnectionTable& connections_;
  SessionDirectory& sessions_;
  std::unique_ptr<Timer> timer_;
  int rounds_ = 0;
  Worker worker_;  // last: joins first
};

}  // namespace hoop

// Who looks on while a session is recorded. Implemented in rest/ (live_events.h), given to Session::Watch.
#pragma once

#include <string_view>

#include "absl/time/time.h"
#include "hoop/audit_store.h"

namespace hoop {

// Owned by whoever reads what it hears; sessions forget it when it is gone. Called on the session's loop, may be
// destroyed there or elsewhere; never blocks.
class RecordWatcher {
 public:
  virtual ~RecordWatcher() = default;
  // `payload` is in the record now.
  virtual void OnRecorded(absl::Time at, RecordKind kind, std::string_view payload) = 0;
  // The last call: the session is over, sealed as well as it ever will be.
  virtual void OnOver(absl::Time at, const SessionEnd& end) = 0;
};

}  // namespace hoop

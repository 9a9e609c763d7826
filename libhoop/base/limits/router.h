// Bounds of what an agent says to nobody, and of who asks for sessions. A test reaches each of them.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace hoop::limits {

// Packets on an agent's control stream that reach no session, each second, also before the agent is admitted. What
// comes late for sessions that ended lately is not counted; keepalives, logs and the like are few.
inline constexpr size_t kPacketsForNobodyMax = 10000;

// Between two looks through all who asked lately: kPollPatience (session.h) is exact to this.
inline constexpr absl::Duration kPollSweepInterval = absl::Seconds(1);

}  // namespace hoop::limits

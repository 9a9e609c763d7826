// Bounds of what an agent says to nobody. A test reaches each of them.
#pragma once

#include <cstddef>

namespace hoop::limits {

// Packets on an agent's control stream that reach no session, each second, also before the agent is admitted. What
// comes late for sessions that ended lately is not counted; keepalives, logs and the like are few.
inline constexpr size_t kPacketsForNobodyMax = 10000;

}  // namespace hoop::limits

// Bounds of worker threads. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Workers.
inline constexpr absl::Duration kLoopAnswerTime = absl::Seconds(5);  // a REST thread waits for the packet loop
inline constexpr size_t kWorkerQueueMax = 4096;
inline constexpr size_t kIssuerThreads = 8;     // of calls that wait for a host's function
inline constexpr size_t kIssuerQueueMax = 512;  // streams that wait for one of them
inline constexpr size_t kHashQueueMax = 64;     // password hashes cost tens of milliseconds each

}  // namespace hoop::limits

// Bounds of dialling and name look-ups. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

inline constexpr absl::Duration kDialTime = absl::Seconds(15);

// Name look-ups of one loop: a slow name server holds one thread, not the others.
inline constexpr size_t kNameLookupThreadsMax = 8;
inline constexpr size_t kNameLookupQueueMax = 1024;

}  // namespace hoop::limits

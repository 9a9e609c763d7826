// Bounds of name look-ups. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits/units.h"

namespace hoop::limits {

// Name look-ups of one loop: a slow name server holds one thread, not the others.
inline constexpr size_t kNameLookupThreadsMax = 8;
inline constexpr size_t kNameLookupQueueMax = 1024;

}  // namespace hoop::limits

// Bounds of gob values. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits/units.h"

namespace hoop::limits {

// gob. Counts and nesting are bounded by the bytes left, too.
inline constexpr size_t kGobNestingMax = 64;
inline constexpr size_t kGobTypesMax = 1024;     // definitions in one stream; real ones have five
inline constexpr size_t kGobValuesMax = 262144;  // of one stream: a value in memory is larger than on the wire

}  // namespace hoop::limits

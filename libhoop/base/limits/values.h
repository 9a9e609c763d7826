// Bounds of values of variables and options that stand in files.
#pragma once

#include <cstddef>

#include "base/limits/units.h"

namespace hoop::limits {

inline constexpr size_t kPemFileBytesMax = kMiB;   // a bundle of all public authorities is a fifth of it
inline constexpr size_t kShownPathBytesMax = 255;  // a longer one may be a value that was given in its place

}  // namespace hoop::limits

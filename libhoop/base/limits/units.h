// The units of all bounds. The bounds themselves lie beside this file, one header for each part of the library.
#pragma once

#include <cstddef>

namespace hoop::limits {

inline constexpr size_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;

}  // namespace hoop::limits

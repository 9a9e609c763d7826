// Bounds of deleting old sessions. A test reaches each of them.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace hoop::limits {

inline constexpr absl::Duration kRetentionPauseMin = absl::Seconds(1);  // between two sweeps
inline constexpr absl::Duration kRetentionPauseMax = absl::Minutes(10);
inline constexpr int kRetentionBatchSessions = 100;  // of one transaction, which other writers wait for
inline constexpr int64_t kRetentionBatchChunks = 64;

}  // namespace hoop::limits

// Bounds of the journal. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Journal.
inline constexpr size_t kRecordPayloadBytesMax = 64 * kKiB;
// A user's arguments and variables as JSON: above what a Linux program takes (2 MiB, execve(2)) in base64.
inline constexpr size_t kSessionGivenBytesMax = 4 * kMiB;
inline constexpr size_t kSegmentBytes = 64 * kMiB;
inline constexpr size_t kLaneUnsyncedBytesMax = 8 * kMiB;
inline constexpr absl::Duration kLaneSyncAgeMax = absl::Milliseconds(100);
inline constexpr absl::Duration kSyncLagTime = absl::Milliseconds(10);  // for what nobody waits for
inline constexpr uint64_t kSyncGatherRecords = 8;  // a sync of as many lets more gather before the next
inline constexpr absl::Duration kSyncGatherTime = absl::Microseconds(500);  // at most; no longer than it took
inline constexpr size_t kSyncBytes = 1 * kMiB;                              // no longer lag with so much
inline constexpr uint64_t kJournalBytesMax = 4 * kGiB;
inline constexpr size_t kFlushChunkBytes = 1 * kMiB;
inline constexpr size_t kChainMarkBytes = kFlushChunkBytes / 2;  // between two heads of one chain for the flusher
inline constexpr absl::Duration kFlushAge = absl::Seconds(1);
inline constexpr size_t kFlushStepBytes = 128 * kKiB;  // 0.1 to 0.4 ms of a core, then a rest
inline constexpr absl::Duration kFlushRestTime = absl::Microseconds(500);
inline constexpr uint64_t kFlushHurryBytes = 16 * kMiB;  // no rests with so much of a lane
inline constexpr size_t kSegmentBytesMin = 512 * kKiB;   // some records of the largest size
inline constexpr size_t kSealBytesMax = 2 * kKiB;        // of a lane, kept free for each open session
inline constexpr size_t kEndReasonBytesMax = 256;        // so that a seal keeps to its bound
inline constexpr uint64_t kSessionJournalShare = 4;      // a session holds a quarter of the journal at most
inline constexpr absl::Duration kJournalFullTime = absl::Seconds(10);
inline constexpr absl::Duration kSegmentHurryTime = absl::Seconds(1);  // filled so quickly: no time for zeros
inline constexpr absl::Duration kSegmentRetryTime = absl::Seconds(1);
inline constexpr absl::Duration kWriteStallTime = absl::Seconds(1);
inline constexpr size_t kFlushPassBytes = 8 * kMiB;  // of one lane, held in memory and in one transaction
inline constexpr absl::Duration kFlushRetryTime = absl::Seconds(1);
inline constexpr absl::Duration kFlushWaitTime = absl::Seconds(10);  // of a reader for what is not flushed yet

}  // namespace hoop::limits

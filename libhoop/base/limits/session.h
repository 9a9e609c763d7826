// Bounds of sessions. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Session.
inline constexpr size_t kSharedStreamQueueHighBytes = 1 * kMiB;
inline constexpr size_t kSharedStreamQueueLowBytes = 512 * kKiB;
inline constexpr absl::Duration kSharedStreamStallTime = absl::Seconds(2);
inline constexpr absl::Duration kSharedStreamCheckTime = absl::Milliseconds(50);  // how often a held one is looked at
inline constexpr size_t kSendQueueHighBytes = 256 * kKiB;                         // a stream's peer is not read above
inline constexpr size_t kSendQueueLowBytes = 64 * kKiB;                           // and read again below
inline constexpr size_t kHeldReplyBytesMax = 1 * kMiB;  // replies of one connection id that wait for the sync
inline constexpr size_t kConnectionIdsMax = 4096;       // local connections of one session
inline constexpr size_t kConnectionIdBytesMax = 64;
inline constexpr absl::Duration kDuplicateAgentTime = absl::Seconds(2);       // for the older connection to answer
inline constexpr absl::Duration kAgentWaitTime = absl::Seconds(15);           // old clients wait for an offline agent
inline constexpr absl::Duration kPollPatience = absl::Seconds(30);            // agents on demand ask every 5 s or 10 s
inline constexpr size_t kPublishedConnectionsMax = 1000;                      // that one agent brings along
inline constexpr size_t kProxyManagersMax = 10000;                            // users who have one
inline constexpr absl::Duration kProxyManagerIdleTime = absl::Hours(12);      // a stream on which nothing runs
inline constexpr absl::Duration kProxyManagerAnswerTime = absl::Seconds(20);  // until a session on it is open
inline constexpr size_t kConnectionItemsBytesMax = 255;                       // names of an embedded agent of 2024
inline constexpr size_t kFinishedIdsRemembered = 4096;  // of one session: late packets of theirs are dropped
inline constexpr absl::Duration kAgentStreamOpenTime = absl::Seconds(10);
inline constexpr absl::Duration kSealWaitTime = absl::Seconds(5);
inline constexpr absl::Duration kSessionTimeMax = absl::Hours(48);
inline constexpr absl::Duration kCloseGraceTime = absl::Seconds(2);
// Who moves more than this is a bulk transfer (session/bulk_pacer.h).
inline constexpr double kInteractiveBytesPerSecond = 2 * kMiB;
inline constexpr size_t kInteractiveBurstBytes = 64 * kKiB;
inline constexpr double kInteractivePacketsPerSecond = 200;  // fewer do not notice a bulk transfer beside them
inline constexpr double kBulkBytesPerSecondMin = 4 * kMiB;   // of all together, whatever else goes on
inline constexpr absl::Duration kBulkPeriod = absl::Milliseconds(10);
inline constexpr absl::Duration kBulkPeriodMax = absl::Milliseconds(200);
inline constexpr double kCrowdedWaitShare = 0.1;  // the loop waits for a core: there are not enough
inline constexpr double kCrowdedUseShare = 0.9;   // the loop never sleeps: it is the one thing that is short
inline constexpr size_t kSessionsMax = 20000;
inline constexpr size_t kExecRunsMax = 1000;                             // commands that REST asked for
inline constexpr absl::Duration kSessionRecheckTime = absl::Minutes(2);  // who is behind it is asked again

}  // namespace hoop::limits

// Bounds of a listener. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Listeners, before a peer has proved who it is.
inline constexpr absl::Duration kPreAuthTime = absl::Seconds(10);
inline constexpr absl::Duration kDeferAccept = absl::Seconds(1);  // the kernel keeps who says nothing for so long
inline constexpr size_t kSilentConnectionsMax = 2048;             // of a listener, that have said nothing yet
inline constexpr size_t kPreAuthBytesMax = 4 * kMiB;         // of all of a listener together that have said something
inline constexpr size_t kPreAuthWindowBytes = 64 * kKiB;     // unread bytes of one such connection
inline constexpr size_t kPreAuthConnectionBytes = 2 * kKiB;  // what one costs
inline constexpr size_t kPreAuthHttp2Bytes = 24 * kKiB;      // and what an HTTP/2 session adds when it begins
inline constexpr size_t kPreAuthTlsBytes = 48 * kKiB;        // and what a handshake adds
inline constexpr size_t kConnectionsMax = 20000;             // per listener

// Whose connection was cut comes in again after it. For a flood: some 100 times what the largest one costs.
inline constexpr absl::Duration kFloodPenaltyTime = absl::Seconds(10);
// Who breaks the protocol may be mistaken: so often at once, then once in such a time.
inline constexpr int64_t kProtocolErrorsAtOnceMax = 32;
inline constexpr absl::Duration kProtocolErrorTime = absl::Seconds(1);

// Who is refused at the door gets a word of why, and this to hear it.
inline constexpr absl::Duration kFarewellTime = absl::Seconds(1);
inline constexpr size_t kFarewellBytesMax = 64 * kKiB;  // that it may say meanwhile
inline constexpr int kUnfitToldMax = 20;                // lines in the log per minute

inline constexpr size_t kAcceptsPerTurnMax = 16;
inline constexpr size_t kStrangersPerTurnMax = 2;  // that come in from the doorstep, and that are heard
// Strangers that come in at once where a door has a pace; who has proved who he is makes room for another.
inline constexpr int64_t kStrangersAtOnceMax = 64;
inline constexpr absl::Duration kStrangerEntryTime = absl::Milliseconds(16);  // and one more each
inline constexpr size_t kStrangerEntryBytes = 4 * kKiB;  // so much that one says counts as one more
inline constexpr size_t kLooksPerTurnMax = 64;           // at those who wait to come in: have they left?
inline constexpr size_t kCrowd = 8;                      // looks at connections on a doorstep, then others may run
inline constexpr absl::Duration kCrowdTime = absl::Milliseconds(1);
inline constexpr size_t kDescriptorsReserved = 64;  // not for connections: the journal and the store need some, too
inline constexpr absl::Duration kAcceptPauseTime = absl::Milliseconds(100);  // without a free descriptor

}  // namespace hoop::limits

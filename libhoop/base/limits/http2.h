// Bounds of an HTTP/2 connection. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// HTTP/2 windows (contracts: 64 KiB at first, up to 256 KiB while they drain).
inline constexpr size_t kStreamWindowBytes = 64 * kKiB;
inline constexpr size_t kStreamWindowBytesMax = 256 * kKiB;
inline constexpr size_t kConnectionHeldBytesMax = 64 * kMiB;  // above it the session stalled longest ends
inline constexpr size_t kStreamsPerConnectionMax = 20000;
inline constexpr size_t kPreAuthStreamsPerConnectionMax = 8;  // more are refused until the peer is known
inline constexpr size_t kConnectionWindowBytes = 1 * kGiB;    // given back on arrival: only stream windows hold back
inline constexpr size_t kHttp2FrameBytesMax = 64 * kKiB;      // size is noise for speed; bounds a turn's smallest step
inline constexpr size_t kHttp2ReadBytes = 128 * kKiB;         // one read of a turn at most, one buffer per loop
inline constexpr size_t kHttp2ReadBytesMin = 4 * kKiB;        // of a peer whose bytes cost the most
inline constexpr size_t kHttp2ReadBytesAtFirst = 16 * kKiB;   // and of strangers at most
inline constexpr size_t kHttp2SliceBytes = 8 * kKiB;          // handled before its cost is looked at
inline constexpr size_t kHttp2SliceBytesMin = 512;            // of what costs much
inline constexpr size_t kHttp2QueuedFramesMax = 10000;        // that wait for a peer who does not read
inline constexpr size_t kHttp2WriteBytes = 256 * kKiB;        // one write of a turn; also what waits for a full socket
inline constexpr int kPingsUnansweredMax = 2;                 // then the connection is broken

// Calls of one connection that is lost: so many end at once, the next ones so much later.
inline constexpr size_t kCallEndsAtOnceMax = 8;
inline constexpr absl::Duration kCallEndsTime = absl::Milliseconds(1);

// What one connection may cost in a turn, in tenths of a microsecond or so; what it has said beyond waits for the next.
inline constexpr size_t kHttp2TurnCost = 1024;
inline constexpr size_t kHttp2OpenCost = 500;       // a HEADERS frame, and what it leads to
inline constexpr size_t kHttp2FieldCost = 2;        // a header in it
inline constexpr size_t kHttp2FieldCostBytes = 32;  // and as much again for so many bytes of it
inline constexpr size_t kHttp2ControlCost = 8;      // any other frame but DATA
inline constexpr size_t kHttp2DataCost = 2;         // a DATA frame
inline constexpr size_t kHttp2MessageCost = 2;      // a message in it

// Heads that a peer may send at once, and how long each unit of their cost waits then: 64 streams and two in a
// millisecond, what they lead to takes a tenth of a core at most.
inline constexpr int64_t kHeadsCostAtOnce = 64 * (kHttp2OpenCost + 16);
inline constexpr absl::Duration kHeadsCostTime = absl::Microseconds(1);
// Of a stranger: 16 streams, and one in two milliseconds.
inline constexpr int64_t kPreAuthHeadsCostAtOnce = 16 * (kHttp2OpenCost + 16);
inline constexpr absl::Duration kPreAuthHeadsCostTime = absl::Microseconds(4);

}  // namespace hoop::limits

// Bounds of what is said on a stream. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits/units.h"

namespace hoop::limits {

// Wire. Real peers of 2026 accept 17 MiB, of 2024 16 MiB: we accept the larger and send the smaller.
inline constexpr size_t kMessageReceiveBytesMax = 17 * kMiB;
inline constexpr size_t kMessageSendBytesMax = 16 * kMiB;
inline constexpr size_t kPacketTypeBytesMax = 256;
inline constexpr size_t kPacketSpecEntriesMax = 64;
inline constexpr size_t kChunkBytesMax = 64 * kKiB;        // one read, one packet (capability "chunks")
inline constexpr size_t kHeaderBlockBytesMax = 64 * kKiB;  // big group claims in a token

}  // namespace hoop::limits

// Bounds of a TLS connection. A test reaches each of them.
#pragma once

#include <cstddef>

#include "base/limits/units.h"

namespace hoop::limits {

inline constexpr size_t kTlsReadBytes = 64 * kKiB;  // ciphertext of one read
// Plaintext of one system call, held while the socket is full. Encrypted it stays below the 128 KiB from where malloc
// asks the kernel for each block, which costs a page fault for every 4 KiB.
inline constexpr size_t kTlsWriteBytes = 112 * kKiB;
inline constexpr size_t kTlsHandshakeBytesMax = 64 * kKiB;  // from the peer, before it is through
inline constexpr size_t kTlsPeerChainBytesMax = 32 * kKiB;  // its certificates
inline constexpr int kTlsEmptyStepsMax = 64;           // records without a byte for us (key updates, tickets), in a row
inline constexpr size_t kTlsHandshakeQueueMax = 1024;  // steps that wait for the thread
inline constexpr size_t kTlsSessionsKept = 256;        // tickets of one client context, for the next dial

}  // namespace hoop::limits

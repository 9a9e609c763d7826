// Bounds of the PostgreSQL protocol. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits/units.h"

namespace hoop::limits {

// PostgreSQL protocol.
inline constexpr size_t kPostgresFrameBytesMax = 1 * kGiB;  // the server's own bound; bodies flow through
inline constexpr size_t kPostgresPacketFrameBytesMax =
    16 * kMiB - 64 * kKiB;                                          // for an old peer in one packet, with its spec
inline constexpr size_t kPostgresStartupBytesMax = 10000;           // the server's own bound
inline constexpr size_t kPostgresEncryptionRequestsMax = 16;        // libpq asks twice
inline constexpr size_t kPostgresLoginMessageBytesMax = 64 * kKiB;  // messages kept whole during a login
inline constexpr size_t kPostgresEarlyBytesMax = 256 * kKiB;        // sent by a client before its login is done
inline constexpr uint32_t kScramIterationsMax = 1000000;            // half a second of a worker; the default is 4096
inline constexpr size_t kStatementTextBytesMax = 64 * kKiB;         // of one statement in the audit
inline constexpr size_t kPreparedTextsBytesMax = 16 * kMiB;         // of all prepared statements of a connection
inline constexpr size_t kStatementNamesMax = 16384;                 // prepared statements, and portals, of a connection
inline constexpr size_t kStatementPendingMax = 262144;              // requests without an answer
inline constexpr size_t kStatementPendingBytesMax = 64 * kMiB;      // of their texts

}  // namespace hoop::limits

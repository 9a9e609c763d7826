// Bounds of the store. A test reaches each of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/limits/units.h"

namespace hoop::limits {

// Store.
inline constexpr size_t kStoreReadersMax = 4;                       // reading connections of one database
inline constexpr size_t kStoreStatementsMax = 256;                  // prepared statements of one connection
inline constexpr absl::Duration kStoreBusyTime = absl::Seconds(5);  // waiting for another process's lock
inline constexpr size_t kStoreCacheBytes = 512 * kKiB;  // of a connection; the system has the file's pages anyway
inline constexpr size_t kStoreLogBytesMax = 64 * kMiB;  // the write-ahead log is cut to this when it was emptied
inline constexpr absl::Duration kStoreConnectTime = absl::Seconds(5);     // to a Postgres that does not answer
inline constexpr absl::Duration kStoreStatementTime = absl::Seconds(30);  // of one statement of Postgres
inline constexpr absl::Duration kStoreSilenceTime = absl::Seconds(10);    // of a network that takes nothing any more
inline constexpr absl::Duration kStoreIdleTime = absl::Seconds(60);       // of a transaction that asks nothing
inline constexpr absl::Duration kStoreTurnTime = absl::Seconds(10);       // waiting for one of its connections
inline constexpr size_t kSearchTextBytesMax = 1 * kKiB;                   // a pattern in a list's filter

}  // namespace hoop::limits

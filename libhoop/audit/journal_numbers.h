// How the journal does, in numbers: for those who watch a gateway. Told by JournalAuditStore.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace hoop {

// How long syncs took, sorted by bounds. One thread adds, any thread reads.
class SyncTimes final {
 public:
  static constexpr std::array<absl::Duration, 9> kBounds = {
      absl::Microseconds(500), absl::Milliseconds(1),   absl::Milliseconds(2),
      absl::Milliseconds(5),   absl::Milliseconds(10),  absl::Milliseconds(25),
      absl::Milliseconds(100), absl::Milliseconds(500), absl::Seconds(2)};

  struct Counts {
    std::array<uint64_t, kBounds.size() + 1> within = {};  // each alone; the last: above all bounds
    absl::Duration sum;
    void Add(const Counts& other);
  };

  void Add(absl::Duration time);
  Counts Read() const;

 private:
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> within_ = {};
  std::atomic<int64_t> sum_ns_ = 0;
};

// A value.
struct JournalNumbers {
  uint64_t bytes = 0;  // of all files
  uint64_t bytes_max = 0;
  uint64_t unsynced_bytes = 0;   // written, and lost with the power
  uint64_t unflushed_bytes = 0;  // synced, not in the store yet
  uint64_t stalls = 0;           // writes that blocked a loop for more than a second
  uint64_t request_bytes = 0;    // payload recorded since the start
  uint64_t reply_bytes = 0;
  bool is_full = false;  // no room: sessions are not read, or end
  SyncTimes::Counts syncs;
};

}  // namespace hoop

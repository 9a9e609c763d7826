// Gives interactive sessions precedence over bulk transfers where the machine has not enough cores for both.
// Asked by session/flow.h for every packet; one per loop, owned by gateway/client_entry.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "base/loop.h"

namespace hoop {

// What one direction of a flow has moved, seen from now. A value, kept by the flow.
struct BulkShare {
  absl::Duration paid_until;  // at limits::kInteractiveBytesPerSecond
  uint32_t period = 0;        // the last one in which it was bulk
};

// Who moves more than limits::kInteractiveBytesPerSecond is bulk; everything else is interactive and never held.
// Bulk is held only while there is interactive traffic and the loop's thread waits for a core or never sleeps: then
// all bulk transfers together get a rate that halves as long as it goes on like that, and grows when it does not.
// Loop thread only; outlives the sessions.
class BulkPacer final {
 public:
  explicit BulkPacer(Loop& loop) : loop_(loop) {}
  BulkPacer(const BulkPacer&) = delete;
  BulkPacer& operator=(const BulkPacer&) = delete;

  // A packet of `bytes` passed. How long the flow reads nothing more of this direction: mostly zero.
  absl::Duration HoldAfter(BulkShare& share, size_t bytes);

  // Of all bulk transfers together, bytes per second. Infinite: none is held.
  double rate() const { return rate_; }

 private:
  static constexpr double kUnlimited = 1e12;

  void BeginPeriod(absl::Duration now, absl::Duration length);
  bool IsCrowded(absl::Duration length, const CoreTime& used) const;

  Loop& loop_;
  double rate_ = kUnlimited;
  uint32_t period_ = 1;
  absl::Duration period_began_;
  CoreTime core_time_;  // when the period began
  uint64_t interactive_packets_ = 0;
  uint64_t bulk_bytes_ = 0;
  uint32_t bulk_flows_ = 0;       // of this period
  uint32_t bulk_flows_last_ = 1;  // of the one before
};

}  // namespace hoop

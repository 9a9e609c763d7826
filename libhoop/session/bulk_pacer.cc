#include "session/bulk_pacer.h"

#include <algorithm>

#include "base/limits/session.h"

namespace hoop {
namespace {

absl::Duration TimeOf(size_t bytes, double bytes_per_second) {
  return absl::Seconds(static_cast<double>(bytes) / bytes_per_second);
}

}  // namespace

absl::Duration BulkPacer::HoldAfter(BulkShare& share, size_t bytes) {
  const absl::Duration now = loop_.Monotonic();
  const absl::Duration burst = TimeOf(limits::kInteractiveBurstBytes, limits::kInteractiveBytesPerSecond);
  share.paid_until = std::max(share.paid_until, now - burst) + TimeOf(bytes, limits::kInteractiveBytesPerSecond);
  if (share.paid_until <= now) {
    ++interactive_packets_;
    return absl::ZeroDuration();
  }
  share.paid_until = now;  // what it owes is not held against it when it becomes quiet
  bulk_bytes_ += bytes;
  if (now - period_began_ >= limits::kBulkPeriod) BeginPeriod(now, now - period_began_);
  if (share.period != period_) ++bulk_flows_;
  share.period = period_;
  if (rate_ >= kUnlimited) return absl::ZeroDuration();
  return TimeOf(bytes, rate_ / std::max(bulk_flows_, bulk_flows_last_));
}

void BulkPacer::BeginPeriod(absl::Duration now, absl::Duration length) {
  const CoreTime core_time = loop_.core_time();
  // After a while without bulk nothing is known about the time right before.
  if (length <= limits::kBulkPeriodMax) {
    const double seen = static_cast<double>(bulk_bytes_) / absl::ToDoubleSeconds(length);
    if (IsCrowded(length, {core_time.used - core_time_.used, core_time.waited - core_time_.waited})) {
      rate_ = std::max(std::min(rate_, seen) / 2, limits::kBulkBytesPerSecondMin);
    } else {
      rate_ = std::min(rate_ * 1.25, kUnlimited);
    }
  }
  core_time_ = core_time;
  period_began_ = now;
  ++period_;
  bulk_flows_last_ = std::max(bulk_flows_, 1u);
  bulk_flows_ = 0;
  interactive_packets_ = bulk_bytes_ = 0;
}

bool BulkPacer::IsCrowded(absl::Duration length, const CoreTime& spent) const {
  const double seconds = absl::ToDoubleSeconds(length);
  if (static_cast<double>(interactive_packets_) < limits::kInteractivePacketsPerSecond * seconds) return false;
  return spent.waited > length * limits::kCrowdedWaitShare || spent.used > length * limits::kCrowdedUseShare;
}

}  // namespace hoop

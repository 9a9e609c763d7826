#include "audit/journal_numbers.h"

namespace hoop {

void SyncTimes::Counts::Add(const Counts& other) {
  for (size_t i = 0; i < within.size(); ++i) within[i] += other.within[i];
  sum += other.sum;
}

void SyncTimes::Add(absl::Duration time) {
  size_t bucket = 0;
  while (bucket < kBounds.size() && time > kBounds[bucket]) ++bucket;
  within_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(absl::ToInt64Nanoseconds(time), std::memory_order_relaxed);
}

SyncTimes::Counts SyncTimes::Read() const {
  Counts counts;
  for (size_t i = 0; i < within_.size(); ++i) counts.within[i] = within_[i].load(std::memory_order_relaxed);
  counts.sum = absl::Nanoseconds(sum_ns_.load(std::memory_order_relaxed));
  return counts;
}

}  // namespace hoop

#include "audit/journal_numbers.h"

#include <gtest/gtest.h>

namespace hoop {
namespace {

TEST(SyncTimes, SortsByBoundsAndSumsUp) {
  SyncTimes times;
  for (const absl::Duration time : {absl::ZeroDuration(), SyncTimes::kBounds[0], SyncTimes::kBounds[0] * 1.5,
                                    SyncTimes::kBounds.back(), SyncTimes::kBounds.back() * 2}) {
    times.Add(time);
  }
  const SyncTimes::Counts counts = times.Read();
  EXPECT_EQ(counts.within[0], 2u);  // a bound is within itself
  EXPECT_EQ(counts.within[1], 1u);
  EXPECT_EQ(counts.within[SyncTimes::kBounds.size() - 1], 1u);
  EXPECT_EQ(counts.within.back(), 1u);
  EXPECT_EQ(counts.sum, SyncTimes::kBounds[0] * 2.5 + SyncTimes::kBounds.back() * 3);
  SyncTimes::Counts twice = counts;
  twice.Add(counts);
  EXPECT_EQ(twice.within[0], 4u);
  EXPECT_EQ(twice.sum, counts.sum * 2);
}

}  // namespace
}  // namespace hoop

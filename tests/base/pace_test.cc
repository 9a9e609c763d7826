#include "base/pace.h"

#include <gtest/gtest.h>

namespace hoop {
namespace {

constexpr absl::Duration kEach = absl::Milliseconds(2);
constexpr absl::Duration kNow = absl::Hours(1);

TEST(PaceTest, SomeAtOnceThenOneEach) {
  Pace pace(kEach, 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(pace.Wait(kNow), absl::ZeroDuration()) << i;
    pace.Spend(1, kNow);
  }
  EXPECT_EQ(pace.Wait(kNow), kEach);
  EXPECT_EQ(pace.Wait(kNow + kEach / 2), kEach / 2);
  EXPECT_EQ(pace.Wait(kNow + kEach), absl::ZeroDuration());
  pace.Spend(1, kNow + kEach);
  EXPECT_EQ(pace.Wait(kNow + kEach), kEach);
}

TEST(PaceTest, WhatIsGivenBackMayBeSpentAgain) {
  Pace pace(kEach, 3);
  pace.Spend(3, kNow);
  pace.GiveBack(2);
  EXPECT_EQ(pace.Wait(kNow), absl::ZeroDuration());
  pace.Spend(2, kNow);
  EXPECT_EQ(pace.Wait(kNow), kEach);
}

TEST(PaceTest, RestSavesNoMoreThanWhatGoesAtOnce) {
  Pace pace(kEach, 3);
  pace.Spend(3, kNow);
  pace.Spend(3, kNow + absl::Hours(1));
  EXPECT_EQ(pace.Wait(kNow + absl::Hours(1)), kEach);
}

TEST(PaceTest, WhoSpendsMoreThanThereIsWaitsLonger) {
  Pace pace(kEach, 3);
  pace.Spend(13, kNow);
  EXPECT_EQ(pace.Wait(kNow), 11 * kEach);
}

TEST(PaceTest, MayHaveNoLimit) {
  Pace pace;
  pace.Spend(1'000'000, kNow);
  EXPECT_EQ(pace.Wait(kNow), absl::ZeroDuration());
}

}  // namespace
}  // namespace hoop

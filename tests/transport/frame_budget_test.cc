#include "transport/frame_budget.h"

#include <gtest/gtest.h>

#include "base/limits/http2.h"
#include "base/limits/wire.h"
#include "tests/floods/http2_bytes.h"

namespace hoop {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

TEST(FrameBudget, EarnsByDataThatWeSent) {
  FrameBudget budget;
  budget.Trust();
  for (int i = 0; i < 50'000; ++i) {
    budget.Earn(100);
    ASSERT_EQ(budget.OnFrame(kWindowUpdate, 4, absl::ZeroDuration()), nullptr);
    ASSERT_EQ(budget.OnFrame(kPing, 8, absl::ZeroDuration()), nullptr);
    ASSERT_EQ(budget.OnFrame(kHeaders, 100, absl::ZeroDuration()), nullptr);
  }
}

// How many frames of a type pass within a moment.
int Allowed(FrameBudget& budget, uint8_t type, absl::Duration now) {
  int count = 0;
  while (count < 1'000'000 && budget.OnFrame(type, 0, now) == nullptr) ++count;
  return count;
}

TEST(FrameBudget, IsStrictWithStrangersAndFreshEachSecond) {
  for (const uint8_t type : {kPing, kHeaders, kReset, kWindowUpdate, kPriority, kSettings, kGoAway}) {
    FrameBudget stranger, known;
    known.Trust();
    const int strict = Allowed(stranger, type, absl::Seconds(1));
    EXPECT_GT(strict, 0);
    EXPECT_GT(Allowed(known, type, absl::Seconds(1)), strict);
    EXPECT_EQ(Allowed(known, type, absl::Seconds(1)), 0);
    EXPECT_EQ(Allowed(stranger, type, absl::Seconds(2)), strict);
  }
}

TEST(FrameBudget, InvalidFramesHaveABoundForAll) {
  const auto allowed = [](FrameBudget& budget) {
    int count = 0;
    while (count < 1'000'000 && budget.OnInvalidFrame(absl::Seconds(1)) == nullptr) ++count;
    return count;
  };
  FrameBudget stranger, known;
  known.Trust();
  const int strict = allowed(stranger);
  EXPECT_GT(strict, 0);
  EXPECT_GT(allowed(known), strict);
  EXPECT_LE(allowed(known), 1000);
}

TEST(FrameBudget, OpeningEverythingAtOnceIsHonestAndOverAndOverIsNot) {
  FrameBudget budget;
  budget.Trust();
  const int at_once = Allowed(budget, kHeaders, absl::Seconds(1));
  EXPECT_GE(at_once, 1000);
  EXPECT_LT(Allowed(budget, kHeaders, absl::Seconds(2)), at_once);
}

TEST(FrameBudget, CancellingEverythingAtOnceIsHonest) {
  FrameBudget budget;
  budget.Trust();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(budget.OnFrame(kReset, 4, absl::ZeroDuration()), nullptr);
}

TEST(FrameBudget, HeadersHaveABoundInBytes) {
  const auto allowed = [](FrameBudget& budget) {
    size_t bytes = 0;
    while (bytes < limits::kGiB && budget.OnHeader(4000) == nullptr) bytes += 4000;
    return bytes;
  };
  FrameBudget stranger, known;
  known.Trust();
  EXPECT_GE(allowed(stranger), limits::kPreAuthStreamsPerConnectionMax * limits::kHeaderBlockBytesMax);
  EXPECT_LE(allowed(stranger), 4 * limits::kMiB);
  EXPECT_GE(allowed(known), 4 * limits::kMiB);
  EXPECT_LT(allowed(known), limits::kGiB);
}

TEST(FrameBudget, HeadersThatSayNothingCountAsWell) {
  const auto allowed = [](FrameBudget& budget) {
    size_t count = 0;
    while (count < 10'000'000 && budget.OnHeader(1) == nullptr) ++count;
    return count;
  };
  FrameBudget stranger, known;
  known.Trust();
  EXPECT_LE(allowed(stranger), 1'100u);
  EXPECT_LE(allowed(known), 200'000u);
}

}  // namespace
}  // namespace hoop

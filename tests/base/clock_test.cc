#include "hoop/clock.h"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"

namespace hoop {
namespace {

TEST(SystemClock, NeverGoesBack) {
  Clock& clock = Clock::System();
  absl::Duration last = clock.Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = clock.Monotonic();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, SleepsForWhatIsLeft) {
  Clock& clock = Clock::System();
  const absl::Duration now = clock.Monotonic();
  EXPECT_EQ(clock.SleepUntil(now - absl::Seconds(1)), absl::ZeroDuration());
  EXPECT_LE(clock.SleepUntil(now + absl::Hours(1)), absl::Hours(1));
  EXPECT_GT(clock.SleepUntil(now + absl::Hours(1)), absl::Minutes(1));
}

TEST(ManualClock, MovesOnlyByHandAndTellsWhoWaits) {
  ManualClock clock;
  int woken = 0;
  const int key = clock.AddWakeUp([&woken] { ++woken; });
  const absl::Time before = clock.Now();
  EXPECT_EQ(clock.SleepUntil(clock.Monotonic() + absl::Seconds(1)), absl::InfiniteDuration());
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(clock.Now() - before, absl::Seconds(1));
  EXPECT_EQ(woken, 1);
  clock.RemoveWakeUp(key);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace hoop

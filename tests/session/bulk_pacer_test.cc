#include "session/bulk_pacer.h"

#include <gtest/gtest.h>

#include "base/limits/session.h"
#include "tests/fakes/manual_loop.h"

namespace hoop {
namespace {

constexpr size_t kChunk = 64 * limits::kKiB;
constexpr absl::Duration kStep = absl::Milliseconds(1);

class BulkPacerTest : public ::testing::Test {
 protected:
  BulkPacerTest() { clock_.Advance(absl::Hours(1)); }

  // A millisecond: `packets` small ones of others pass, the thread runs and waits as said.
  void Pass(int packets, absl::Duration used, absl::Duration waited) {
    for (int i = 0; i < packets; ++i) EXPECT_EQ(pacer_.HoldAfter(interactive_, 100), absl::ZeroDuration());
    loop_.core.used += used;
    loop_.core.waited += waited;
    clock_.Advance(kStep);
  }
  void PassCrowded() { Pass(5, kStep / 2, kStep / 2); }

  // A bulk transfer over `steps` milliseconds, as quick as it may: how many bytes it moved.
  template <typename Others>
  size_t Transfer(int steps, Others others) {
    size_t moved = 0;
    absl::Duration held_until = loop_.Monotonic();
    for (int i = 0; i < steps; ++i, others()) {
      if (loop_.Monotonic() < held_until) continue;
      held_until = loop_.Monotonic() + pacer_.HoldAfter(bulk_, kChunk);
      moved += kChunk;
    }
    return moved;
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  BulkPacer pacer_{loop_};
  BulkShare interactive_, bulk_, other_bulk_;
};

TEST_F(BulkPacerTest, HoldsNobodyWhereThereAreCoresEnough) {
  EXPECT_EQ(Transfer(1000, [this] { Pass(5, kStep / 2, absl::ZeroDuration()); }), 1000 * kChunk);
}

TEST_F(BulkPacerTest, HoldsNobodyWhereBulkIsAlone) {
  EXPECT_EQ(Transfer(1000, [this] { Pass(0, kStep / 2, kStep / 2); }), 1000 * kChunk);
}

TEST_F(BulkPacerTest, LeavesCoresToInteractiveSessions) {
  Transfer(200, [this] { PassCrowded(); });
  EXPECT_EQ(pacer_.rate(), limits::kBulkBytesPerSecondMin);
  const size_t moved = Transfer(1000, [this] { PassCrowded(); });
  EXPECT_NEAR(static_cast<double>(moved), limits::kBulkBytesPerSecondMin, 2 * kChunk);
}

TEST_F(BulkPacerTest, LeavesTheLoopToInteractiveSessions) {
  Transfer(200, [this] { Pass(5, kStep, absl::ZeroDuration()); });
  EXPECT_EQ(pacer_.rate(), limits::kBulkBytesPerSecondMin);
}

TEST_F(BulkPacerTest, SharesTheRateAmongBulkTransfers) {
  Transfer(200, [this] { PassCrowded(); });
  const absl::Duration alone = pacer_.HoldAfter(bulk_, kChunk);
  EXPECT_GT(pacer_.HoldAfter(other_bulk_, 2 * kChunk), 3 * alone);  // twice the bytes at half the rate
}

// How many there are is known at the beginning of a period, too, when few have been heard.
TEST_F(BulkPacerTest, RemembersWithHowManyTheRateIsShared) {
  Transfer(200, [this] { PassCrowded(); });
  clock_.Advance(limits::kBulkPeriod);
  const absl::Duration alone = pacer_.HoldAfter(bulk_, kChunk);
  pacer_.HoldAfter(other_bulk_, 2 * kChunk);
  clock_.Advance(limits::kBulkPeriod);
  EXPECT_GT(pacer_.HoldAfter(bulk_, kChunk), alone);
}

TEST_F(BulkPacerTest, ForgetsWhatATransferMovedOnceItIsOver) {
  Transfer(200, [this] { PassCrowded(); });
  clock_.Advance(limits::kBulkPeriodMax);
  EXPECT_EQ(pacer_.HoldAfter(bulk_, 100), absl::ZeroDuration());
}

TEST_F(BulkPacerTest, LetsBulkGoOnceTheOthersAreQuiet) {
  Transfer(200, [this] { PassCrowded(); });
  EXPECT_EQ(pacer_.rate(), limits::kBulkBytesPerSecondMin);
  Transfer(1000, [this] { Pass(0, kStep / 2, kStep / 2); });
  EXPECT_EQ(Transfer(100, [this] { Pass(0, kStep / 2, kStep / 2); }), 100 * kChunk);
}

// Whoever waited long for a core while no bulk was there says nothing about now.
TEST_F(BulkPacerTest, JudgesOnlyWhatWasJustNow) {
  Transfer(20, [this] { Pass(5, kStep / 2, absl::ZeroDuration()); });
  for (int i = 0; i < 1000; ++i) PassCrowded();
  EXPECT_EQ(Transfer(1, [] {}), kChunk);
  EXPECT_EQ(pacer_.HoldAfter(bulk_, kChunk), absl::ZeroDuration());
}

}  // namespace
}  // namespace hoop

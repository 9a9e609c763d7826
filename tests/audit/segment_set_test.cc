#include "audit/segment_set.h"

#include <gtest/gtest.h>

#include "base/limits/journal.h"
#include "tests/fakes/manual_clock.h"

namespace hoop {
namespace {

// One segment that is written to. Because no next one is ready, a thread without a sync to do is told to prepare it:
// so AwaitWork never waits here.
class SegmentSetTest : public ::testing::Test {
 protected:
  SegmentSetTest() {
    segment_->generation = 1;
    segment_->capacity = 64 * limits::kMiB;
    set_.Activate(segment_);
  }

  void Write(uint64_t bytes, uint64_t position) { set_.Wrote(*segment_, bytes, position, clock_.Monotonic()); }
  SegmentSet::Want Work() { return set_.AwaitWork(clock_, absl::ZeroDuration(), task_); }

  ManualClock clock_;
  SegmentSet set_{"folder", "instance", 0};
  const std::shared_ptr<Segment> segment_ = std::make_shared<Segment>();
  SegmentSet::SyncTask task_;
};

TEST_F(SegmentSetTest, WhatNobodyWaitsForIsSyncedAfterTheLag) {
  Write(1000, 1);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(limits::kSyncLagTime - absl::Milliseconds(1));
  Write(2000, 2);  // the oldest byte counts
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  EXPECT_EQ(task_.bytes, 2000u);
  EXPECT_EQ(task_.position, 2u);
}

TEST_F(SegmentSetTest, WhatSomebodyWaitsForIsSyncedAtOnce) {
  Write(1000, 1);
  set_.SyncSoon(1);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Synced(task_, absl::OkStatus());
  Write(2000, 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
}

TEST_F(SegmentSetTest, ASyncMayBeWantedBeforeTheWrite) {
  set_.SyncSoon(2);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  Write(2000, 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, AReaderWaitsForAllThatIsWritten) {
  Write(2000, 2);
  set_.SyncWritten();
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, ManyBytesDoNotLag) {
  Write(limits::kSyncBytes - 1, 1);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  Write(limits::kSyncBytes, 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, TheLagOfWhatWasWrittenDuringASyncBeginsWithIt) {
  Write(1000, 1);
  set_.SyncSoon(1);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  clock_.Advance(limits::kSyncLagTime - absl::Milliseconds(1));
  Write(2000, 2);
  set_.Synced(task_, absl::OkStatus());
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, NothingThatWasAbandonedIsWanted) {
  Write(1000, 1);
  set_.SyncSoon(7);
  EXPECT_EQ(set_.Abandon(), 0u);
  const auto next = std::make_shared<Segment>();
  set_.Activate(next);
  set_.Wrote(*next, 1000, 2, clock_.Monotonic());
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
}

TEST_F(SegmentSetTest, TheEndDoesNotLag) {
  Write(1000, 1);
  set_.Stop();
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Synced(task_, absl::OkStatus());
  EXPECT_EQ(Work(), SegmentSet::Want::kStop);
}

}  // namespace
}  // namespace hoop

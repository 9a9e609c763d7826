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
    set_.Activate(segment_, clock_.Monotonic());
  }

  void Write(uint64_t bytes, uint64_t position) { set_.Wrote(*segment_, bytes, position, clock_.Monotonic()); }
  void SyncMany(uint64_t records, absl::Duration time);
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
  set_.Synced(clock_, task_, absl::OkStatus());
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
  set_.Synced(clock_, task_, absl::OkStatus());
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

// A sync of so many records that took `time`, and one more record that somebody waits for.
void SegmentSetTest::SyncMany(uint64_t records, absl::Duration time) {
  Write(1000, records);
  set_.SyncSoon(records);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  clock_.Advance(time);
  Write(2000, records + 1);
  set_.SyncSoon(records + 1);
  set_.Synced(clock_, task_, absl::OkStatus());
}

TEST_F(SegmentSetTest, ASyncOfManyLetsMoreGatherForAsLongAsItTook) {
  const absl::Duration time = limits::kSyncGatherTime / 2;
  SyncMany(limits::kSyncGatherRecords, time);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(time - absl::Microseconds(1));
  Write(3000, limits::kSyncGatherRecords + 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  EXPECT_EQ(task_.position, limits::kSyncGatherRecords + 2);
}

TEST_F(SegmentSetTest, ASlowDiskIsNotMadeSlower) {
  SyncMany(limits::kSyncGatherRecords, absl::Seconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  clock_.Advance(limits::kSyncGatherTime);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, ASyncOfFewIsFollowedAtOnce) {
  SyncMany(limits::kSyncGatherRecords - 1, absl::Seconds(1));
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, ManyBytesDoNotGather) {
  SyncMany(limits::kSyncGatherRecords, absl::Seconds(1));
  Write(1000 + limits::kSyncBytes, limits::kSyncGatherRecords + 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, TheEndDoesNotGather) {
  SyncMany(limits::kSyncGatherRecords, absl::Seconds(1));
  set_.Stop();
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, NothingThatWasAbandonedIsWanted) {
  Write(1000, 1);
  set_.SyncSoon(7);
  EXPECT_EQ(set_.Abandon(), 0u);
  const auto next = std::make_shared<Segment>();
  set_.Activate(next, clock_.Monotonic());
  set_.Wrote(*next, 1000, 2, clock_.Monotonic());
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
}

TEST_F(SegmentSetTest, ASyncOfWhatWasAbandonedMeanwhileDoesNotCount) {
  Write(1000, 1);
  set_.SyncSoon(1);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Abandon();
  set_.Synced(clock_, task_, absl::OkStatus());
  EXPECT_EQ(set_.progress().synced_position, 0u);
}

TEST_F(SegmentSetTest, AfterAFailedSyncNothingIsSyncedUntilItIsAbandoned) {
  Write(1000, 1);
  set_.SyncSoon(1);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Synced(clock_, task_, absl::DataLossError("the disk lies"));
  Write(2000, 2);
  set_.SyncSoon(2);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  EXPECT_TRUE(set_.progress().sync_failed);
}

TEST_F(SegmentSetTest, TheOldestSegmentIsSyncedFirstAndAClosedOneAtOnce) {
  Write(1000, 1);
  EXPECT_EQ(Work(), SegmentSet::Want::kPrepare);
  set_.Close(*segment_);
  const uint64_t written = set_.written_mark();
  const auto next = std::make_shared<Segment>();
  set_.Activate(next, clock_.Monotonic());
  set_.Wrote(*next, 1000, 2, clock_.Monotonic());
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  EXPECT_EQ(task_.segment, segment_);
  EXPECT_LT(set_.flushed_mark(), written);  // as long as it is not synced it is not flushed
}

TEST_F(SegmentSetTest, WhoWaitsForLessDoesNotTakeBackWhatOthersWaitFor) {
  set_.SyncSoon(5);
  set_.SyncSoon(1);
  Write(1000, 2);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Synced(clock_, task_, absl::OkStatus());
  Write(2000, 5);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
}

TEST_F(SegmentSetTest, OnlyWhatIsSyncedIsFlushed) {
  Write(1000, 1);
  EXPECT_FALSE(set_.NextSpan().has_value());
  set_.SyncSoon(1);
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  Write(2000, 2);
  set_.Synced(clock_, task_, absl::OkStatus());
  const auto span = set_.NextSpan();
  ASSERT_TRUE(span.has_value());
  EXPECT_EQ(span->to, 1000u);
}

TEST_F(SegmentSetTest, AFileThatFailedIsNotUsedAgain) {
  for (const bool fails : {false, true}) {
    SegmentSet set{"folder", "instance", 0};
    set.Activate(segment_, clock_.Monotonic());
    set.Wrote(*segment_, 1000, 1, clock_.Monotonic());
    set.SyncSoon(1);
    EXPECT_EQ(set.AwaitWork(clock_, absl::ZeroDuration(), task_), SegmentSet::Want::kSync);
    set.Synced(clock_, task_, absl::OkStatus());
    fails ? void(set.Abandon()) : set.Close(*segment_);
    bool reuse = false;
    EXPECT_EQ(set.RemoveFlushed(segment_->capacity, &reuse), nullptr);  // not before it is flushed
    set.Flushed(*segment_, 1000);
    EXPECT_EQ(set.RemoveFlushed(segment_->capacity, &reuse), segment_);
    EXPECT_EQ(reuse, !fails);
  }
}

TEST_F(SegmentSetTest, GoesOnBehindWhatAnEarlierLifeUsed) {
  SegmentSet set{"folder", "instance", 0};
  set.StartAfter(7);
  EXPECT_EQ(set.progress().synced_position, 7u);
  EXPECT_EQ(set.Abandon(), 7u);
}

TEST_F(SegmentSetTest, KeepsTheMarksOfAChainUntilTheyAreFlushed) {
  for (uint8_t position : {10, 20, 30}) set_.MarkChain(position, {position});
  EXPECT_EQ(set_.FirstChainMarks(2), (SegmentSet::ChainMarks{{10, {10}}, {20, {20}}}));
  set_.ForgetChainMarks(20);
  EXPECT_EQ(set_.FirstChainMarks(2), (SegmentSet::ChainMarks{{30, {30}}}));
}

TEST_F(SegmentSetTest, TheEndDoesNotLag) {
  Write(1000, 1);
  set_.Stop();
  EXPECT_EQ(Work(), SegmentSet::Want::kSync);
  set_.Synced(clock_, task_, absl::OkStatus());
  EXPECT_EQ(Work(), SegmentSet::Want::kStop);
}

}  // namespace
}  // namespace hoop

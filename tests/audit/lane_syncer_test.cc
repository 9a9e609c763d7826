#include "audit/lane_syncer.h"

#include <gtest/gtest.h>

#include "base/limits/journal.h"
#include "tests/fakes/faulty_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class SegmentMakerTest : public ::testing::Test {
 protected:
  SegmentMakerTest() {
    files_.BeforeWrites(folder_.path(), [this] { ++writes_; });
  }

  // Makes the next segment, which begins to fill at `now`; how often it was written to.
  int MakeAndFill(absl::Duration now) {
    writes_ = 0;
    absl::StatusOr<bool> ready = false;
    while (ready.ok() && !*ready) ready = maker_.Step();
    EXPECT_OK(ready);
    const std::shared_ptr<Segment> segment = set_.TakeReady();
    std::string bytes;
    EXPECT_OK(segment->file->Read(0, limits::kSegmentBytesMin, bytes));
    EXPECT_EQ(bytes, std::string(limits::kSegmentBytesMin, '\0'));
    set_.Activate(segment, now);
    return writes_;
  }

  testing::TempFolder folder_;
  FaultyFileSystem files_;
  JournalSpace space_{limits::kGiB};
  SegmentSet set_{folder_.path(), "instance", 0};
  SegmentMaker maker_{set_, space_, files_, limits::kSegmentBytesMin, 1};
  int writes_ = 0;
};

TEST_F(SegmentMakerTest, WritesNoZerosWhereTheLastSegmentWasFullInNoTime) {
  absl::Duration now = absl::Hours(1);
  EXPECT_GT(MakeAndFill(now), 0);
  EXPECT_GT(MakeAndFill(now += limits::kSegmentHurryTime - absl::Milliseconds(1)), 0);
  EXPECT_EQ(MakeAndFill(now += limits::kSegmentHurryTime), 0);
  EXPECT_GT(MakeAndFill(now), 0);
}

}  // namespace
}  // namespace hoop

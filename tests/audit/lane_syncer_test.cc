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

// What is given up leaves nothing behind: neither its file nor its share of the journal's room.
class GivenUpSegmentTest : public SegmentMakerTest {
 protected:
  // Steps until it is ready, or why it never is.
  absl::Status Make() {
    absl::StatusOr<bool> ready = false;
    while (ready.ok() && !*ready) ready = maker_.Step();
    return ready.status();
  }
  // A segment that was used and flushed.
  std::shared_ptr<Segment> AddSpare(const std::string& bytes) {
    auto spare = std::make_shared<Segment>();
    spare->path = folder_.file("spare");
    spare->capacity = limits::kSegmentBytesMin;
    spare->file = *files_.Open(spare->path, FileSystem::OpenMode::kCreate);
    EXPECT_OK(spare->file->Write(0, bytes));
    space_.Take(spare->capacity);
    set_.AddSpare(spare);
    return spare;
  }
  void ExpectNothingLeft() {
    EXPECT_EQ(set_.TakeReady(), nullptr);
    EXPECT_EQ(space_.used(), 0u);
    EXPECT_TRUE(files_.List(folder_.path())->empty());
  }
};

TEST_F(GivenUpSegmentTest, WhoseZerosAreNotSynced) {
  files_.FailSyncs("seg-", absl::DataLossError("the disk lies"));
  EXPECT_STATUS(Make(), absl::StatusCode::kDataLoss, "the disk lies");
  ExpectNothingLeft();
}

TEST_F(GivenUpSegmentTest, WhoseNameIsNotSynced) {
  files_.FailFolderSyncs(folder_.path(), absl::DataLossError("the disk lies"));
  EXPECT_STATUS(Make(), absl::StatusCode::kDataLoss, "the disk lies");
  ExpectNothingLeft();
}

TEST_F(GivenUpSegmentTest, WhichCannotBeMade) {
  SegmentSet elsewhere{folder_.file("nowhere"), "instance", 0};
  SegmentMaker maker{elsewhere, space_, files_, limits::kSegmentBytesMin, 1};
  EXPECT_FALSE(maker.Step().ok());
  ExpectNothingLeft();
}

TEST_F(GivenUpSegmentTest, WhichIsUsedAgainAndNotSynced) {
  AddSpare("old");
  files_.FailSyncs("seg-", absl::DataLossError("the disk lies"));
  EXPECT_STATUS(Make(), absl::StatusCode::kDataLoss, "the disk lies");
  ExpectNothingLeft();
}

TEST_F(GivenUpSegmentTest, WhichIsUsedAgainAndWhoseNameIsNotSynced) {
  AddSpare("old");
  files_.FailFolderSyncs(folder_.path(), absl::DataLossError("the disk lies"));
  EXPECT_STATUS(Make(), absl::StatusCode::kDataLoss, "the disk lies");
  ExpectNothingLeft();
}

TEST_F(GivenUpSegmentTest, WhichIsUsedAgainAndCannotBeRenamed) {
  SegmentSet elsewhere{folder_.file("nowhere"), "instance", 0};
  SegmentMaker maker{elsewhere, space_, files_, limits::kSegmentBytesMin, 1};
  AddSpare("old");
  elsewhere.AddSpare(set_.TakeSpare());
  EXPECT_FALSE(maker.Step().ok());
  ExpectNothingLeft();
}

TEST_F(SegmentMakerTest, ASegmentThatIsUsedAgainHasNoHeaderAndAnotherObject) {
  auto spare = std::make_shared<Segment>();
  spare->path = folder_.file("spare");
  spare->capacity = limits::kSegmentBytesMin;
  spare->file = *files_.Open(spare->path, FileSystem::OpenMode::kCreate);
  ASSERT_OK(spare->file->Write(0, std::string(2 * kSegmentHeaderBytes, 'h')));
  set_.AddSpare(spare);
  const absl::StatusOr<bool> ready = maker_.Step();
  ASSERT_OK(ready);
  EXPECT_TRUE(*ready);
  const std::shared_ptr<Segment> renewed = set_.TakeReady();
  ASSERT_NE(renewed, nullptr);
  EXPECT_NE(renewed, spare);
  std::string bytes;
  ASSERT_OK(renewed->file->Read(0, kSegmentHeaderBytes, bytes));
  EXPECT_EQ(bytes, std::string(kSegmentHeaderBytes, '\0'));
}

TEST_F(SegmentMakerTest, ALargeSegmentIsMadeInStepsBetweenWhichASyncFindsRoom) {
  SegmentMaker maker{set_, space_, files_, 8 * limits::kMiB, 1};
  for (const bool ready : {false, false, true}) {  // begun, half of it, all
    const absl::StatusOr<bool> step = maker.Step();
    ASSERT_OK(step);
    EXPECT_EQ(*step, ready);
    EXPECT_EQ(set_.TakeReady() != nullptr, ready);
  }
}

}  // namespace
}  // namespace hoop

#include "base/recent_ids.h"

#include <gtest/gtest.h>

namespace hoop {
namespace {

TEST(RecentIds, KnowsWhatWasAdded) {
  RecentIds ids;
  EXPECT_FALSE(ids.Contains("000001"));
  ids.Add("000001");
  EXPECT_TRUE(ids.Contains("000001"));
  EXPECT_FALSE(ids.Contains("00000"));
  EXPECT_FALSE(ids.Contains("0000010"));
}

TEST(RecentIds, ForgetsTheOldestBeyondItsBound) {
  RecentIds ids;
  for (size_t i = 0; i < limits::kFinishedIdsRemembered; ++i) ids.Add(std::to_string(i));
  EXPECT_TRUE(ids.Contains("0"));
  ids.Add("one more");
  EXPECT_FALSE(ids.Contains("0"));
  EXPECT_TRUE(ids.Contains("1"));
  EXPECT_TRUE(ids.Contains("one more"));
}

TEST(RecentIds, CountsAnIdOnce) {
  RecentIds ids;
  ids.Add("first");
  for (size_t i = 0; i < 2 * limits::kFinishedIdsRemembered; ++i) ids.Add("again");
  EXPECT_TRUE(ids.Contains("first"));
}

}  // namespace
}  // namespace hoop

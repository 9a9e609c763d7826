#include "base/fifo.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace hoop {
namespace {

TEST(Fifo, HandsOutInOrder) {
  Fifo<int> fifo;
  int in = 0, out = 0;
  for (int round = 1; round <= 300; ++round) {
    for (int i = 0; i < round; ++i) fifo.push_back(in++);
    for (int i = 0; i < round - (round < 300 ? 1 : -299); ++i, fifo.pop_front()) EXPECT_EQ(fifo.front(), out++);
  }
  EXPECT_TRUE(fifo.empty());
  EXPECT_EQ(in, out);
}

TEST(Fifo, CountsAndWalksWhatIsLeft) {
  Fifo<std::string> fifo;
  for (const char* text : {"a", "b", "c"}) fifo.push_back(text);
  fifo.pop_front();
  EXPECT_EQ(fifo.size(), 2u);
  EXPECT_EQ(fifo[1], "c");
  EXPECT_EQ(std::vector<std::string>(fifo.begin(), fifo.end()), (std::vector<std::string>{"b", "c"}));
}

TEST(Fifo, DestroysWhatLeaves) {
  Fifo<std::shared_ptr<int>> fifo;
  const auto item = std::make_shared<int>(1);
  for (int i = 0; i < 3; ++i) fifo.push_back(item);
  fifo.pop_front();
  EXPECT_EQ(item.use_count(), 3);
  fifo.clear();
  EXPECT_EQ(item.use_count(), 1);
  EXPECT_TRUE(fifo.empty());
}

TEST(Fifo, TruncateKeepsTheOldest) {
  Fifo<int> fifo;
  for (int i = 0; i < 5; ++i) fifo.push_back(i);
  fifo.pop_front();
  fifo.Truncate(2);
  EXPECT_EQ(std::vector<int>(fifo.begin(), fifo.end()), (std::vector<int>{1, 2}));
  fifo.Truncate(9);
  EXPECT_EQ(fifo.size(), 2u);
  fifo.Truncate(0);
  EXPECT_TRUE(fifo.empty());
}

}  // namespace
}  // namespace hoop

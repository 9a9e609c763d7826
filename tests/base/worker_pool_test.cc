#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class WorkerPoolTest : public ::testing::Test {
 protected:
  // Blocks a thread until go_on_, then notes `letter`.
  WorkerPool::Work Work(char letter) {
    return [this, letter]() -> WorkerPool::Continuation {
      go_on_.WaitForNotification();
      return [this, letter] { done_ += letter; };
    };
  }

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  absl::Notification go_on_;
  std::string done_;
};

TEST_F(WorkerPoolTest, RefusesWhatItsQueueCannotHold) {
  {
    WorkerPool pool(loop_, "pool", 1, 2);
    for (const char letter : {'a', 'b', 'c'}) EXPECT_OK(pool.Submit(Work(letter)));
    EXPECT_STATUS(pool.Submit(Work('d')), absl::StatusCode::kResourceExhausted, "busy");
    go_on_.Notify();
  }
  loop_.Turn();
  EXPECT_EQ(done_, "") << "a pool that is gone calls nobody";
}

TEST_F(WorkerPoolTest, RunsInOrderWhatWaited) {
  WorkerPool pool(loop_, "pool", 1, 3);
  for (const char letter : {'a', 'b', 'c', 'd'}) EXPECT_OK(pool.Submit(Work(letter)));
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return done_.size() == 4; }));
  EXPECT_EQ(done_, "abcd");
}

TEST_F(WorkerPoolTest, DropsWhatNobodyWantsWhenItsTurnComes) {
  WorkerPool pool(loop_, "pool", 1, 8);
  const auto submit = [&](char letter, bool wanted) {
    EXPECT_OK(pool.Submit(Work(letter), [wanted] { return wanted; }));
  };
  submit('a', false);  // a thread is free: nobody asks
  submit('b', false);
  submit('c', true);
  submit('d', false);
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return done_ == "ac"; }));
  submit('e', false);  // the thread is free again
  ASSERT_TRUE(loop_.TurnUntil([this] { return done_ == "ace"; }));
}

TEST_F(WorkerPoolTest, WhatNobodyWantsLeavesItsPlaceWhenItIsNeeded) {
  WorkerPool pool(loop_, "pool", 1, 3);
  bool wanted = true;
  EXPECT_OK(pool.Submit(Work('a')));
  EXPECT_OK(pool.Submit(Work('b')));
  EXPECT_OK(pool.Submit(Work('c'), [&wanted] { return wanted; }));
  EXPECT_OK(pool.Submit(Work('d')));
  EXPECT_FALSE(pool.Submit(Work('e')).ok());
  wanted = false;
  EXPECT_OK(pool.Submit(Work('f')));
  EXPECT_FALSE(pool.Submit(Work('g')).ok());
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return done_.size() == 4; }));
  EXPECT_EQ(done_, "abdf");
}

TEST_F(WorkerPoolTest, WhoIsDroppedMayComeAgainBehindTheOthers) {
  WorkerPool pool(loop_, "pool", 1, 2);
  EXPECT_OK(pool.Submit(Work('a')));
  EXPECT_OK(pool.Submit(Work('b'), [&] {
    EXPECT_OK(pool.Submit(Work('d')));
    return false;
  }));
  EXPECT_OK(pool.Submit(Work('c')));
  EXPECT_FALSE(pool.Submit(Work('e')).ok());
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return done_.size() == 3; }));
  EXPECT_EQ(done_, "acd");
}

TEST_F(WorkerPoolTest, WorkMayLeaveNothingToDo) {
  WorkerPool pool(loop_, "pool", 1, 2);
  EXPECT_OK(pool.Submit([]() -> WorkerPool::Continuation { return nullptr; }));
  EXPECT_OK(pool.Submit(Work('a')));
  go_on_.Notify();
  ASSERT_TRUE(loop_.TurnUntil([this] { return !done_.empty(); }));
}

}  // namespace
}  // namespace hoop

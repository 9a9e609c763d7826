#include "net/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "net/descriptor.h"
#include "tests/fakes/manual_clock.h"

namespace hoop {
namespace {

// A loop on a clock that stands still, turned by the test's own thread until somebody calls Stop().
class EventLoopTest : public ::testing::Test {
 protected:
  // A turn that only stops: everything before it in the queue has had its turn.
  void RunPosted() {
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::string log_;
};

struct SocketPair {
  SocketPair() {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    near.Reset(both[0]);
    far.Reset(both[1]);
  }
  Descriptor near, far;
};

TEST_F(EventLoopTest, RunsPostedTasksInOrder) {
  loop_.Post([this] { log_ += "a"; });
  loop_.Post([this] { log_ += "b"; });
  RunPosted();
  EXPECT_EQ(log_, "ab");
}

TEST_F(EventLoopTest, RunsATaskPostedInATurnInALaterOne) {
  loop_.Post([this] {
    loop_.Post([this] {
      log_ += "later";
      loop_.Stop();
    });
    loop_.AtTurnEnd(TurnPhase::kFree, [this] { log_ += "end "; });
  });
  loop_.Run();
  EXPECT_EQ(log_, "end later");
}

TEST_F(EventLoopTest, RunsPhasesInOrderAndEarlierOnesAgain) {
  loop_.Post([this] {
    loop_.AtTurnEnd(TurnPhase::kFree, [this] { log_ += "free "; });
    loop_.AtTurnEnd(TurnPhase::kSend, [this] {
      log_ += "send ";
      loop_.AtTurnEnd(TurnPhase::kRecord, [this] { log_ += "record-again "; });
    });
    loop_.AtTurnEnd(TurnPhase::kRelease, [this] { log_ += "release "; });
    loop_.AtTurnEnd(TurnPhase::kRecord, [this] { log_ += "record "; });
    loop_.AtTurnEnd(TurnPhase::kSend, [this] { log_ += "send2 "; });
  });
  RunPosted();
  EXPECT_EQ(log_, "record release send record-again send2 free ");
}

TEST_F(EventLoopTest, EndsATurnThatWasPreparedBeforeItRan) {
  loop_.AtTurnEnd(TurnPhase::kSend, [this] {
    log_ += "sent";
    loop_.Stop();
  });
  loop_.Run();
  EXPECT_EQ(log_, "sent");
}

TEST_F(EventLoopTest, FiresTimersInOrderOfTheirDeadlines) {
  const auto late = loop_.After(absl::Seconds(2), [this] {
    log_ += "late";
    loop_.Stop();
  });
  const auto early = loop_.After(absl::Seconds(1), [this] { log_ += "early "; });
  const auto second = loop_.After(absl::Seconds(1), [this] { log_ += "second "; });
  std::thread mover([this] { clock_.Advance(absl::Seconds(2)); });
  loop_.Run();
  mover.join();
  EXPECT_EQ(log_, "early second late");
}

TEST_F(EventLoopTest, DoesNotFireATimerBeforeItsTime) {
  const auto timer = loop_.After(absl::Seconds(1), [this] { log_ += "fired"; });
  clock_.Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  RunPosted();
  EXPECT_EQ(log_, "");
  clock_.Advance(absl::Nanoseconds(1));
  RunPosted();
  EXPECT_EQ(log_, "fired");
}

TEST_F(EventLoopTest, ForgetsATimerThatWasDestroyed) {
  auto timer = loop_.After(absl::Seconds(1), [this] { log_ += "fired"; });
  auto killer = loop_.After(absl::Milliseconds(900), [&timer] { timer.reset(); });
  clock_.Advance(absl::Seconds(5));
  RunPosted();
  EXPECT_EQ(log_, "");
}

TEST_F(EventLoopTest, ATimerMayDestroyItself) {
  std::unique_ptr<Timer> timer = loop_.After(absl::ZeroDuration(), [this, &timer] {
    timer.reset();
    log_ += "fired";
  });
  RunPosted();
  EXPECT_EQ(log_, "fired");
}

TEST_F(EventLoopTest, ATimerWithoutDelayDoesNotHoldTheTurn) {
  std::unique_ptr<Timer> next;
  std::function<void()> again = [&] { next = loop_.After(absl::ZeroDuration(), again); };
  again();
  RunPosted();
  next.reset();
}

TEST_F(EventLoopTest, SleepsOnTheSystemClock) {
  EventLoop loop(Clock::System());
  const absl::Duration start = Clock::System().Monotonic();
  const auto timer = loop.After(absl::Milliseconds(5), [&loop] { loop.Stop(); });
  const auto never = loop.After(absl::InfiniteDuration(), [] { FAIL(); });
  loop.Run();
  EXPECT_GE(Clock::System().Monotonic() - start, absl::Milliseconds(5));
}

TEST_F(EventLoopTest, TimeStandsStillDuringATurn) {
  loop_.Post([this] {
    const absl::Duration before = loop_.Monotonic();
    const absl::Time now = loop_.Now();
    clock_.Advance(absl::Seconds(3));
    EXPECT_EQ(loop_.Monotonic(), before);
    EXPECT_EQ(loop_.Now(), now);
  });
  RunPosted();
  EXPECT_EQ(loop_.Monotonic(), clock_.Monotonic());
}

TEST_F(EventLoopTest, TakesPostsFromManyThreads) {
  constexpr int kThreads = 4, kPosts = 1000;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, &count] {
      for (int post = 0; post < kPosts; ++post) {
        loop_.Post([this, &count] {
          if (++count == kThreads * kPosts) loop_.Stop();
        });
      }
    });
  }
  loop_.Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kPosts);
}

TEST_F(EventLoopTest, AnswersEachWantOnce) {
  const SocketPair pair;
  int calls = 0;
  const auto watch = loop_.WatchDescriptor(
      pair.near.get(), [&] { ++calls; }, [] {});
  EXPECT_EQ(::send(pair.far.get(), "x", 1, 0), 1);
  RunPosted();
  EXPECT_EQ(calls, 0);
  watch->WantRead();
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 1);
  watch->WantRead();  // the byte is still there
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 2);
}

TEST_F(EventLoopTest, StopReadHoldsUntilItIsWantedAgain) {
  const SocketPair pair;
  int calls = 0;
  const auto watch = loop_.WatchDescriptor(
      pair.near.get(), [&] { ++calls; }, [] {});
  watch->WantRead();
  watch->StopRead();
  EXPECT_EQ(::send(pair.far.get(), "x", 1, 0), 1);
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 0);
  watch->WantRead();
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, SaysWhenADescriptorIsWritable) {
  const SocketPair pair;
  const auto watch = loop_.WatchDescriptor(
      pair.near.get(), [] {}, [this] { log_ += "writable"; });
  watch->WantWrite();
  RunPosted();
  RunPosted();
  EXPECT_EQ(log_, "writable");
}

TEST_F(EventLoopTest, AWatchThatEndsInATurnIsNotCalledInIt) {
  const SocketPair first, second;
  std::unique_ptr<Watch> one, other;
  int calls = 0;
  one = loop_.WatchDescriptor(
      first.near.get(), [&] { ++calls, one.reset(), other.reset(); }, [] {});
  other = loop_.WatchDescriptor(
      second.near.get(), [&] { ++calls, one.reset(), other.reset(); }, [] {});
  one->WantRead();
  other->WantRead();
  EXPECT_EQ(::send(first.far.get(), "x", 1, 0), 1);
  EXPECT_EQ(::send(second.far.get(), "x", 1, 0), 1);
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, LeavesTheDescriptorOpenWhenAWatchEnds) {
  const SocketPair pair;
  loop_
      .WatchDescriptor(
          pair.near.get(), [] {}, [] {})
      ->WantRead();
  EXPECT_NE(::fcntl(pair.near.get(), F_GETFD), -1);
  const auto again = loop_.WatchDescriptor(
      pair.near.get(), [] {}, [this] { log_ += "again"; });
  again->WantWrite();
  RunPosted();
  RunPosted();
  EXPECT_EQ(log_, "again");
}

TEST_F(EventLoopTest, ABusyDescriptorDoesNotHoldTheTurn) {
  const SocketPair pair;
  int reads = 0, ends = 0;
  std::unique_ptr<Watch> watch = loop_.WatchDescriptor(
      pair.near.get(),
      [&] {
        if (++reads == 100) return loop_.Stop();
        loop_.AtTurnEnd(TurnPhase::kSend, [&ends] { ++ends; });
        watch->WantRead();  // never read: always ready
      },
      [] {});
  EXPECT_EQ(::send(pair.far.get(), "x", 1, 0), 1);
  watch->WantRead();
  loop_.Run();
  EXPECT_EQ(ends, 99);
}

TEST_F(EventLoopTest, ARegularFileIsAlwaysReady) {
  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  int reads = 0;
  std::unique_ptr<Watch> watch;
  watch = loop_.WatchDescriptor(
      file.get(),
      [&] {
        if (++reads < 3) return watch->WantRead();
        loop_.Stop();
      },
      [] {});
  watch->WantRead();
  loop_.Run();
  EXPECT_EQ(reads, 3);
}

TEST_F(EventLoopTest, ADescriptorThatBrokeWhileNobodyLookedIsToldToWhoAsksNext) {
  SocketPair pair;
  int calls = 0;
  const auto watch = loop_.WatchDescriptor(
      pair.near.get(), [&] { ++calls; }, [&] { calls += 10; });
  watch->WantRead();
  watch->StopRead();
  pair.far.Reset();
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 0);
  watch->WantWrite();
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 10);
  watch->WantRead();
  RunPosted();
  RunPosted();
  EXPECT_EQ(calls, 11);
}

TEST_F(EventLoopTest, DestroysWhatIsPendingWithoutRunningIt) {
  struct Tail {  // leaves something behind when it is destroyed
    ~Tail() {
      loop.AtTurnEnd(TurnPhase::kSend, [count = &count] { *count = 100; }), ++count;
    }
    EventLoop& loop;
    int& count;
  };
  int count = 0;
  {
    EventLoop loop(clock_);
    loop.Post([tail = std::make_unique<Tail>(loop, count), &count] { count = 100; });
    loop.AtTurnEnd(TurnPhase::kFree, [tail = std::make_unique<Tail>(loop, count), &count] { count = 100; });
  }
  EXPECT_EQ(count, 2);
}

TEST_F(EventLoopTest, AStopBeforeTheRunIsNotLost) {
  loop_.Stop();
  loop_.Run();
  RunPosted();  // and ends that run only
}

TEST_F(EventLoopTest, KnowsItsThread) {
  bool inside = false, outside = true;
  absl::Notification asked;
  {
    LoopThread thread(loop_, "test-loop");
    loop_.Post([&] {
      inside = loop_.InLoopThread();
      asked.Notify();
    });
    asked.WaitForNotification();
    outside = loop_.InLoopThread();
  }
  EXPECT_TRUE(inside);
  EXPECT_FALSE(outside);
}

}  // namespace
}  // namespace hoop

#include "base/worker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(Worker, RunsTasksInOrderOnItsOwnThread) {
  std::string log;
  std::thread::id thread;
  {
    Worker worker("test", 100);
    for (char c = 'a'; c <= 'e'; ++c) {
      EXPECT_OK(worker.Post([&log, &thread, c] {
        log += c;
        thread = std::this_thread::get_id();
      }));
    }
  }
  EXPECT_EQ(log, "abcde");  // the destructor ran what was queued
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(Worker, RefusesBeyondItsBound) {
  absl::Notification started, go_on;
  int ran = 0;
  {
    Worker worker("bounded", 2);
    EXPECT_OK(worker.Post([&] {
      started.Notify();
      go_on.WaitForNotification();
    }));
    started.WaitForNotification();
    EXPECT_OK(worker.Post([&ran] { ++ran; }));
    EXPECT_OK(worker.Post([&ran] { ++ran; }));
    EXPECT_STATUS(worker.Post([&ran] { ran += 100; }), absl::StatusCode::kResourceExhausted,
                  "bounded: 2 tasks are waiting already");
    go_on.Notify();
  }
  EXPECT_EQ(ran, 2);
}

TEST(Worker, StandsBackWithoutItsNeighbours) {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  Worker worker("test", 1, 5);
  absl::Notification done;
  int seen = 0;
  ASSERT_OK(worker.Post([&] {
    seen = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
    done.Notify();
  }));
  done.WaitForNotification();
  EXPECT_EQ(seen, std::min(before + 5, 19));
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before);
}

}  // namespace
}  // namespace hoop

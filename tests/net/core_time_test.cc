#include "net/core_time.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace hoop {
namespace {

// Until `done`; not for ever, so that a failure is one.
template <typename Done>
void Burn(Done done) {
  for (int i = 0; i < 10'000'000 && !done(); ++i) ::getppid();
}

TEST(CoreTime, IsOfTheThreadThatAsks) {
  if (::access("/proc/thread-self/schedstat", R_OK) != 0) GTEST_SKIP() << "this kernel keeps no such books";
  const absl::Duration begin = ThreadCoreTime().used;
  Burn([&] { return ThreadCoreTime().used > begin + absl::Milliseconds(2); });
  const CoreTime busy = ThreadCoreTime();
  EXPECT_GT(busy.used, begin);
  EXPECT_GE(busy.waited, absl::ZeroDuration());
  CoreTime other;
  std::thread([&other] { other = ThreadCoreTime(); }).join();
  EXPECT_LT(other.used, busy.used);
}

}  // namespace
}  // namespace hoop

// A machine whose clock is wrong: a start in the past, also after a life in the future.
#include <gtest/gtest.h>

#include "hoop/gateway.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

class ClockTest : public ::testing::Test {
 protected:
  std::unique_ptr<Gateway> Started(Clock& clock) {
    GatewayOptions options;
    options.data_dir = folder_.file("data");
    options.http_listen = options.grpc_listen = "127.0.0.1:0";
    options.session_retention = absl::Hours(1);
    options.clock = &clock;
    auto gateway = Gateway::Create(std::move(options));
    EXPECT_OK(gateway);
    EXPECT_OK((*gateway)->Start());
    return *std::move(gateway);
  }

  testing::TempFolder folder_;
};

TEST_F(ClockTest, AStartIn1970Works) {
  ManualClock clock(absl::UnixEpoch());
  const auto gateway = Started(clock);
  EXPECT_OK(gateway->EnsureAdmin("me@example.test", "secret-word"));
  EXPECT_OK(gateway->IssueToken("me@example.test", absl::Hours(1)));
  EXPECT_OK(gateway->IssueAgentKey("prod"));
  EXPECT_TRUE(gateway->Responds(absl::Seconds(60)));
  gateway->Shutdown(absl::Seconds(60));
}

TEST_F(ClockTest, AClockThatWentBackBetweenTwoLivesHarmsNothing) {
  {
    ManualClock future(absl::FromUnixSeconds(4'000'000'000));
    const auto gateway = Started(future);
    EXPECT_OK(gateway->EnsureAdmin("me@example.test", "secret-word"));
    EXPECT_OK(gateway->ApplyConnection({.name = "shell", .agent = "prod", .command = {"sh"}}));
    gateway->Shutdown(absl::Seconds(60));
  }
  ManualClock past(absl::FromUnixSeconds(1'000'000'000));
  const auto gateway = Started(past);
  EXPECT_EQ(gateway->ConnectionNames().value_or(std::vector<std::string>()), std::vector<std::string>{"shell"});
  EXPECT_OK(gateway->IssueToken("me@example.test", absl::Hours(1)));
  gateway->Shutdown(absl::Seconds(60));
}

}  // namespace
}  // namespace hoop

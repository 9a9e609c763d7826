#include "agent/salted_passwords.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/limits/agent.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/waiting_loop.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

using postgres::SaltedPasswordRequest;

class SaltedPasswordsTest : public ::testing::Test {
 protected:
  // True: the answer came from inside the call.
  bool Ask(const SaltedPasswordRequest& request) {
    result_.reset();
    passwords_.Get(request, [this](absl::StatusOr<std::string> key) { result_ = std::move(key); });
    return result_.has_value();
  }
  std::string Get(const SaltedPasswordRequest& request) {
    Ask(request);
    EXPECT_TRUE(loop_.TurnUntil([this] { return result_.has_value(); }));
    EXPECT_OK(*result_);
    return result_->value_or("");
  }

  ManualClock clock_;
  WaitingLoop loop_{clock_};
  std::optional<absl::StatusOr<std::string>> result_;
  absl::Notification busy_, free_;  // outlive the worker, which may still be inside of them
  Worker worker_{"test-worker", 1};
  SaltedPasswords passwords_{loop_, worker_};
};

TEST_F(SaltedPasswordsTest, AreDerivedOnce) {
  const SaltedPasswordRequest request{"secret", "salt", 10};
  EXPECT_FALSE(Ask(request));
  ASSERT_TRUE(loop_.TurnUntil([this] { return result_.has_value(); }));
  EXPECT_EQ(**result_, *postgres::DeriveSaltedPassword(request));
  EXPECT_TRUE(Ask(request));
  EXPECT_EQ(**result_, *postgres::DeriveSaltedPassword(request));
}

TEST_F(SaltedPasswordsTest, DifferByPasswordSaltAndRounds) {
  const std::vector<SaltedPasswordRequest> requests = {{"secret", "salt", 10},
                                                       {"secreT", "salt", 10},
                                                       {"secret", "salT", 10},
                                                       {"secret", "salt", 11},
                                                       {"ecret", "salts", 10}};
  for (const SaltedPasswordRequest& request : requests)
    EXPECT_EQ(Get(request), *postgres::DeriveSaltedPassword(request));
  EXPECT_EQ(passwords_.size(), requests.size());
}

TEST_F(SaltedPasswordsTest, KeepThoseThatWereUsedLast) {
  const auto request = [](size_t i) { return SaltedPasswordRequest{std::to_string(i), "salt", 1}; };
  for (size_t i = 0; i < limits::kSaltedPasswordsKept; ++i) Get(request(i));
  EXPECT_TRUE(Ask(request(0)));
  Get(request(limits::kSaltedPasswordsKept));
  EXPECT_EQ(passwords_.size(), limits::kSaltedPasswordsKept);
  EXPECT_TRUE(Ask(request(0)));
  EXPECT_FALSE(Ask(request(1)));
  ASSERT_TRUE(loop_.TurnUntil([this] { return result_.has_value(); }));
}

TEST_F(SaltedPasswordsTest, WaitForNoWorkerThatIsTooBusy) {
  ASSERT_OK(worker_.Post([this] {
    busy_.Notify();
    free_.WaitForNotification();
  }));
  busy_.WaitForNotification();
  ASSERT_OK(worker_.Post([] {}));
  EXPECT_TRUE(Ask({"secret", "salt", 1}));
  EXPECT_STATUS(result_->status(), absl::StatusCode::kResourceExhausted, "");
  free_.Notify();
}

}  // namespace
}  // namespace hoop

#include "agent/tls_contexts.h"

#include "absl/synchronization/notification.h"
#include "tests/agent/warden_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_authority.h"

namespace hoop {
namespace {

class TlsContextsTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<TlsContext>> Get(const TlsClientOptions& options) {
    absl::StatusOr<std::shared_ptr<TlsContext>> result = absl::UnknownError("not done");
    absl::Notification done;
    agent_.loop.Post([&] {
      contexts_.Get(options, [&](absl::StatusOr<std::shared_ptr<TlsContext>> context) {
        result = std::move(context);
        done.Notify();
      });
    });
    EXPECT_TRUE(done.WaitForNotificationWithTimeout(kTestPatience));
    return result;
  }

  absl::Notification busy_, free_;  // outlive the worker, which may still be inside of them
  WardenFixture agent_;
  Worker worker_{"test-worker", 1};
  TlsContexts contexts_{agent_.loop, worker_};
  const TestAuthority authority_{"one"}, other_{"two"};
};

TEST_F(TlsContextsTest, AreSharedByThoseWhoWantTheSame) {
  const TlsClientOptions options{.verify = TlsVerify::kChain, .ca_pem = authority_.pem()};
  auto first = Get(options), second = Get(options);
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(first->use_count(), 2);  // nobody else keeps it
  TlsClientOptions more = options;
  more.verify = TlsVerify::kFull;
  EXPECT_NE(*Get(more), *first);
  more = options;
  more.ca_pem = other_.pem();
  EXPECT_NE(*Get(more), *first);
  more = options;
  more.credential = authority_.Issue();
  EXPECT_NE(*Get(more), *first);
}

TEST_F(TlsContextsTest, SayWhatIsWrong) {
  EXPECT_STATUS(Get({.ca_pem = "no certificate"}).status(), absl::StatusCode::kInvalidArgument, "authorities");
  TlsClientOptions options{.verify = TlsVerify::kNone, .credential = authority_.Issue()};
  options.credential.key_pem = other_.Issue().key_pem;
  EXPECT_STATUS(Get(options).status(), absl::StatusCode::kInvalidArgument, "key");
}

TEST_F(TlsContextsTest, WaitForNoWorkerThatIsTooBusy) {
  ASSERT_OK(worker_.Post([this] {
    busy_.Notify();
    free_.WaitForNotification();
  }));
  busy_.WaitForNotification();
  ASSERT_OK(worker_.Post([] {}));  // the queue is full
  EXPECT_STATUS(Get({.verify = TlsVerify::kNone}).status(), absl::StatusCode::kResourceExhausted, "");
  free_.Notify();
}

}  // namespace
}  // namespace hoop

#include "gateway/session_recheck.h"

#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::Peer;

// Answers what the test wants, and counts. Any thread.
class ChangingVerifier final : public IdpVerifier {
 public:
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time) override {
    EXPECT_EQ(token, replay::kUserToken);
    absl::MutexLock lock(&mu);
    ++asked;
    if (!answer.ok()) return answer;
    return Identity();
  }
  void Set(absl::Status status) {
    absl::MutexLock lock(&mu);
    answer = std::move(status);
  }
  int count() {
    absl::MutexLock lock(&mu);
    return asked;
  }
  absl::Mutex mu;
  absl::Status answer;
  int asked = 0;
};

class SessionRecheckTest : public ::testing::Test {
 protected:
  SessionRecheckTest() {
    gateway_.AddConnection({.connection_name = "echo", .connection_type = "tcp"}, "dev");
    gateway_.Connect({{"origin", "agent"}, {"authorization", "Bearer " + gateway_.AddAgent("dev", "standard")}});
    gateway_.Settle();
    for (Peer** client : {&first_, &second_}) {
      *client = &gateway_.Connect({{"origin", "client"},
                                   {"authorization", std::string("Bearer ") + replay::kUserToken},
                                   {"verb", "connect"},
                                   {"connection-name", "echo"}});
      gateway_.Settle();
      (*client)->Send(Packet(packet::kAgentSessionOpen));
      gateway_.Settle();
    }
    EXPECT_EQ(gateway_.sessions().size(), 2u);
    recheck_.Start();
  }
  // One more round, of which the loop has heard.
  void Round() {
    const int before = recheck_.rounds();
    gateway_.Advance(limits::kSessionRecheckTime);
    EXPECT_TRUE(gateway_.loop().TurnUntil([&] { return recheck_.rounds() > before; }));
    gateway_.Settle();
  }

  GatewayUnderTest gateway_;
  Peer* first_ = nullptr;
  Peer* second_ = nullptr;
  ManualClock clock_;
  ChangingVerifier verifier_;
  SessionRecheck recheck_{gateway_.loop(), Log(), clock_, verifier_, gateway_.sessions()};
};

TEST_F(SessionRecheckTest, WhoIsStillKnownGoesOn) {
  Round();
  EXPECT_EQ(verifier_.count(), 1);  // two sessions, one token
  EXPECT_EQ(gateway_.sessions().size(), 2u);
}

TEST_F(SessionRecheckTest, WhoCannotBeAskedAboutGoesOn) {
  verifier_.Set(Unavailable("the store is down"));
  Round();
  Round();
  EXPECT_EQ(gateway_.sessions().size(), 2u);
}

TEST_F(SessionRecheckTest, WhoIsRefusedGoesNoFurther) {
  Round();
  verifier_.Set(Unauthenticated("token: it is expired"));
  Round();
  gateway_.Advance(limits::kCloseGraceTime);
  EXPECT_EQ(gateway_.sessions().size(), 0u);
  for (const Peer* client : {first_, second_}) {
    ASSERT_TRUE(client->transcript.end.has_value());
    EXPECT_STATUS(*client->transcript.end, absl::StatusCode::kPermissionDenied, "token: it is expired");
  }
}

}  // namespace
}  // namespace hoop

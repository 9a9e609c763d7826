#include "gateway/session_recheck.h"

#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "base/ids.h"
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
    return identity;
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
  Identity identity;
  int asked = 0;
};

class SessionRecheckTest : public ::testing::Test {
 protected:
  SessionRecheckTest() {
    verifier_.identity = {.org_id = gateway_.store().default_organization().id, .groups = {"dba"}};
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
  SessionRecheck recheck_{gateway_.loop(),    Log(), clock_, verifier_, gateway_.store().connections(),
                          gateway_.sessions()};
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

TEST_F(SessionRecheckTest, WhoMayNotUseTheConnectionAnyMoreGoesNoFurther) {
  const ConnectionRow echo = gateway_.Connection("echo");
  ConnectionGroupTable& groups = gateway_.store().connection_groups();
  ASSERT_OK(groups.Replace(echo.org_id, echo.id, {"dba", "ops"}, absl::UnixEpoch()));
  Round();
  EXPECT_EQ(gateway_.sessions().size(), 2u);
  ASSERT_OK(groups.Replace(echo.org_id, echo.id, {"ops"}, absl::UnixEpoch()));
  Round();
  gateway_.Advance(limits::kCloseGraceTime);
  EXPECT_EQ(gateway_.sessions().size(), 0u);
  ASSERT_TRUE(first_->transcript.end.has_value());
  EXPECT_STATUS(*first_->transcript.end, absl::StatusCode::kPermissionDenied,
                "access to connection echo was taken away");
}

TEST_F(SessionRecheckTest, AConnectionThatIsTakenAwayEndsNoOther) {
  gateway_.AddConnection({.connection_name = "other", .connection_type = "tcp"}, "dev");
  Peer& client = gateway_.Connect({{"origin", "client"},
                                   {"authorization", std::string("Bearer ") + replay::kUserToken},
                                   {"verb", "connect"},
                                   {"connection-name", "other"}});
  gateway_.Settle();
  client.Send(Packet(packet::kAgentSessionOpen));
  gateway_.Settle();
  EXPECT_EQ(gateway_.sessions().size(), 3u);
  const ConnectionRow echo = gateway_.Connection("echo"), other = gateway_.Connection("other");
  ConnectionGroupTable& groups = gateway_.store().connection_groups();
  ASSERT_OK(groups.Replace(echo.org_id, echo.id, {"ops"}, absl::UnixEpoch()));
  ASSERT_OK(groups.Replace(other.org_id, other.id, {"dba"}, absl::UnixEpoch()));
  Round();
  gateway_.Advance(limits::kCloseGraceTime);
  EXPECT_EQ(gateway_.sessions().size(), 1u);
  EXPECT_FALSE(client.transcript.end.has_value());
}

TEST_F(SessionRecheckTest, AnAdministratorMayUseWhatIsThere) {
  const ConnectionRow echo = gateway_.Connection("echo");
  ASSERT_OK(gateway_.store().connection_groups().Replace(echo.org_id, echo.id, {"ops"}, absl::UnixEpoch()));
  verifier_.identity.is_admin = true;
  Round();
  EXPECT_EQ(gateway_.sessions().size(), 2u);
  ASSERT_OK(gateway_.store().connections().Delete(echo.org_id, "echo"));  // by another gateway
  Round();
  gateway_.Advance(limits::kCloseGraceTime);
  EXPECT_EQ(gateway_.sessions().size(), 0u);
}

TEST_F(SessionRecheckTest, ACommandOfRestIsAskedAboutToo) {
  gateway_.AddConnection({.connection_name = "shell", .connection_type = "command-line", .command = {"sh"}}, "dev");
  rest::ExecOrder order{.session_id = NewUuid(), .bearer = replay::kUserToken, .connection = "shell"};
  order.identity = verifier_.identity;
  const std::string id = order.session_id;
  gateway_.exec().Run(std::move(order), [](absl::Status) {});
  gateway_.Settle();
  ASSERT_NE(gateway_.sessions().Find(id), nullptr);
  Round();
  EXPECT_NE(gateway_.sessions().Find(id), nullptr);
  verifier_.Set(Unauthenticated("user is not active"));
  Round();
  gateway_.Advance(limits::kCloseGraceTime);
  EXPECT_EQ(gateway_.sessions().size(), 0u);
  const SessionEnd& end = gateway_.audit().sessions.at(id).seals.at(0);
  EXPECT_EQ(end.reason, "user is not active");
  EXPECT_EQ(end.exit_code, 254);
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

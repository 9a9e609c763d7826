// A host's verifier that does not answer, and who comes meanwhile.
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "base/limits/workers.h"
#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::Peer;

// Answers at once about kUserToken alone.
struct SlowIssuer final : IdpVerifier {
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time) override {
    if (MayWait(token)) go_on.WaitForNotification();
    return identity;
  }
  bool MayWait(std::string_view token) const override { return token != replay::kUserToken; }

  Identity identity{.user_id = "7", .subject = "host|7", .is_admin = true};
  absl::Notification go_on;
};

class SlowIssuerTest : public ::testing::TestWithParam<const char*> {
 protected:
  SlowIssuerTest() {
    issuer_.identity.org_id = gateway_.store().default_organization().id;
    gateway_.AddConnection({.connection_name = "echo", .connection_type = "tcp"}, "dev");
  }
  Peer& Come(const std::string& origin, const std::string& token) {
    Peer& peer = gateway_.Connect(
        {{"origin", origin}, {"authorization", "Bearer " + token}, {"verb", "connect"}, {"connection-name", "echo"}});
    gateway_.Settle();
    return peer;
  }

  SlowIssuer issuer_;
  GatewayUnderTest gateway_{&issuer_};
};

TEST_P(SlowIssuerTest, DelaysItsOwnUsersAlone) {
  // Every thread that waits for it, and one user who waits for a thread.
  Peer* last = nullptr;
  for (size_t i = 0; i <= limits::kIssuerThreads; ++i) last = &Come(GetParam(), "of-the-host");
  Peer& agent = Come("agent", gateway_.AddAgent("dev", "standard"));
  ASSERT_EQ(agent.transcript.packets.size(), 1u);
  EXPECT_EQ(agent.transcript.packets[0].type, packet::kAgentConnectOk);
  Peer& user = Come("client", replay::kUserToken);
  user.Send(Packet(packet::kAgentSessionOpen));
  gateway_.Settle();
  ASSERT_EQ(agent.transcript.packets.size(), 2u);
  EXPECT_EQ(agent.transcript.packets[1].type, packet::kAgentSessionOpen);
  Peer& process = Come("client-proxymanager", replay::kUserToken);
  EXPECT_EQ(process.transcript.packets.size(), 1u);

  EXPECT_FALSE(last->transcript.end.has_value());
  EXPECT_TRUE(last->transcript.packets.empty());
  issuer_.go_on.Notify();
}

INSTANTIATE_TEST_SUITE_P(Entries, SlowIssuerTest, ::testing::Values("client", "client-proxymanager"));

}  // namespace
}  // namespace hoop

// What a watched gateway counts: sessions by type, agents.
#include "gateway/live_numbers.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/status.h"
#include "tests/replay/gateway_fixture.h"
#include "tests/support/status_matchers.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

using replay::GatewayUnderTest;
using replay::Peer;

class LiveNumbersTest : public ::testing::Test {
 protected:
  // As a thread of REST asks.
  rest::RunningNumbers Read() {
    absl::StatusOr<rest::RunningNumbers> numbers = Internal("not asked");
    std::atomic<bool> done = false;
    std::thread asker([&] {
      numbers = numbers_.Read();
      done = true;
      gateway_.loop().Post([] {});
    });
    EXPECT_TRUE(gateway_.loop().TurnUntil([&] { return done.load(); }));
    asker.join();
    EXPECT_OK(numbers);
    return *numbers;
  }

  GatewayUnderTest gateway_;
  LiveNumbers numbers_{gateway_.loop(), gateway_.sessions(), gateway_.router(), nullptr};
};

TEST_F(LiveNumbersTest, CountsSessionsByTypeAndAgents) {
  using Counts = std::map<std::string, uint64_t>;
  EXPECT_EQ(Read().agents_online, 0u);
  gateway_.AddConnection({.connection_name = "shell", .connection_type = "command-line", .command = {"bash"}}, "dev");
  Peer& agent = gateway_.Connect({{"origin", "agent"},
                                  {"version", "1.30.1"},
                                  {"authorization", "Bearer " + gateway_.AddAgent("dev", "standard")}});
  gateway_.Settle();
  Peer& client = gateway_.Connect({{"origin", "client"},
                                   {"authorization", std::string("Bearer ") + replay::kUserToken},
                                   {"verb", "exec"},
                                   {"connection-name", "shell"}});
  client.Send(Packet(packet::kAgentSessionOpen));
  gateway_.Settle();
  EXPECT_EQ(Read().agents_online, 1u);
  EXPECT_EQ(Read().sessions_open, (Counts{{"command-line", 1}}));
  const std::string id = agent.transcript.packets.back().Get(spec::kSessionId);
  agent.Send(Packet(packet::kClientSessionClose, {{spec::kSessionId, id}, {spec::kExitCode, "0"}}));
  gateway_.Settle();
  client.Leave();
  gateway_.Settle();
  EXPECT_EQ(Read().sessions_open, (Counts{{"command-line", 0}}));
  EXPECT_EQ(Read().sessions_begun, (Counts{{"command-line", 1}}));
  EXPECT_FALSE(Read().journal.has_value());
}

}  // namespace
}  // namespace hoop

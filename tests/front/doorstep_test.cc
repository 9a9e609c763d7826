#include "front/doorstep.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/manual_clock.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr absl::Duration kTime = absl::Seconds(10);

class DoorstepTest : public ::testing::Test {
 protected:
  void Open(Doorstep::Options options = {}) {
    options.name = "test";
    options.address = {"127.0.0.1", 0};
    options.time = kTime;
    options.connections_max = 100;
    auto step = Doorstep::Open(loop_, Log(), std::move(options), open_, [this](Newcomer newcomer) {
      spoke_.push_back(std::move(newcomer));
      if (stops_when_spoken_) loop_.Stop();
    });
    ASSERT_OK(step);
    step_ = *std::move(step);
  }
  // A new peer that is accepted and says nothing.
  const Descriptor& Come() {
    Connect();
    Settle();
    return peers_.back();
  }
  const Descriptor& Connect() {
    peers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(step_->address().port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(::connect(peers_.back().get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    return peers_.back();
  }
  static void Say(const Descriptor& peer, const std::string& text) {
    ASSERT_EQ(::send(peer.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  static void Reset(Descriptor& peer) {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    peer.Reset();
  }
  static bool IsCut(const Descriptor& peer) {
    char byte;
    return ::recv(peer.get(), &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
  }
  // Turns that are enough for everything that waits now.
  void Settle() {
    for (int turn = 0; turn < 2; ++turn) {
      loop_.Post([this] { loop_.Stop(); });
      loop_.Run();
    }
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  const std::shared_ptr<OpenConnections> open_ = std::make_shared<OpenConnections>();
  std::vector<Descriptor> peers_;
  std::vector<Newcomer> spoke_;
  bool stops_when_spoken_ = false;
  std::unique_ptr<Doorstep> step_;
};

TEST_F(DoorstepTest, HandsOnWhoSpeaksWithEveryByte) {
  Open();
  const Descriptor& peer = Come();
  EXPECT_TRUE(spoke_.empty());
  EXPECT_EQ(open_->count(), 1u);
  clock_.Advance(absl::Seconds(3));
  Say(peer, "hello");
  Settle();
  ASSERT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(clock_.Monotonic() - spoke_[0].since, absl::Seconds(3));
  EXPECT_TRUE(spoke_[0].peer.starts_with("127.0.0.1:"));
  char bytes[8];
  EXPECT_EQ(::recv(spoke_[0].socket.get(), bytes, sizeof bytes, 0), 5);
  EXPECT_EQ(open_->count(), 1u);
  spoke_.clear();
  EXPECT_EQ(open_->count(), 0u);
}

TEST_F(DoorstepTest, DropsEachWhoIsSilentForTooLong) {
  Open();
  Come();
  clock_.Advance(absl::Seconds(4));
  Come();
  Say(Come(), "!");
  Settle();
  clock_.Advance(absl::Seconds(6));
  Settle();
  EXPECT_TRUE(IsCut(peers_[0]) && !IsCut(peers_[1]) && !IsCut(peers_[2]));
  clock_.Advance(absl::Seconds(4));
  Settle();
  EXPECT_TRUE(IsCut(peers_[1]) && !IsCut(peers_[2]));  // who spoke is another's business
  EXPECT_EQ(step_->counts().dropped_late, 2u);
  EXPECT_EQ(open_->count(), 1u);
}

TEST_F(DoorstepTest, WhoComesLaterHasADeadlineToo) {
  Open();
  Come();
  clock_.Advance(kTime);
  Settle();
  Come();
  clock_.Advance(kTime);
  Settle();
  EXPECT_TRUE(IsCut(peers_[1]));
}

TEST_F(DoorstepTest, WhoWasSilentLongestMakesRoom) {
  Open({.silent_max = 3});
  for (int i = 0; i < 5; ++i) Come();
  EXPECT_TRUE(IsCut(peers_[0]) && IsCut(peers_[1]) && !IsCut(peers_[2]));
  EXPECT_EQ(step_->counts().dropped_full, 2u);
  EXPECT_EQ(open_->count(), 3u);
}

TEST_F(DoorstepTest, ForgetsWhoLeftWithoutAWord) {
  Open();
  Come();
  Come();
  peers_[0].Reset();
  Reset(peers_[1]);
  Settle();
  EXPECT_TRUE(spoke_.empty());
  EXPECT_EQ(open_->count(), 0u);
}

TEST_F(DoorstepTest, ForgetsWhoSpokeAndIsGone) {
  Open();
  Say(Come(), "hello");
  Reset(peers_[0]);
  Settle();
  EXPECT_TRUE(spoke_.empty());
  EXPECT_EQ(open_->count(), 0u);
}

TEST_F(DoorstepTest, WhoOnlyClosedItsDirectionMayAwaitAnAnswer) {
  Open();
  Say(Come(), "GET /");
  ::shutdown(peers_[0].get(), SHUT_WR);
  Settle();
  EXPECT_EQ(spoke_.size(), 1u);
}

TEST_F(DoorstepTest, WhoHasSpokenIsHandedOnAtOnce) {
  Open();
  Say(Connect(), "hello");
  Connect();
  Reset(peers_[1]);
  Settle();
  EXPECT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(open_->count(), 1u);
  EXPECT_EQ(step_->counts().accepted, 2u);
}

TEST_F(DoorstepTest, TheKernelKeepsWhoSaysNothing) {
  Open({.defer_accept = absl::Seconds(100)});
  Connect();
  Reset(peers_[0]);
  Come();
  EXPECT_EQ(step_->counts().accepted, 0u);
  Say(peers_[1], "hello");
  stops_when_spoken_ = true;
  loop_.Run();
  EXPECT_EQ(spoke_.size(), 1u);
  EXPECT_EQ(step_->counts().accepted, 1u);
}

TEST_F(DoorstepTest, WhereAHalfClosedPeerIsGoneItIsForgotten) {
  Open({.half_closed_is_gone = true});
  Say(Come(), "PRI");
  ::shutdown(peers_[0].get(), SHUT_WR);
  Settle();
  EXPECT_TRUE(spoke_.empty());
  EXPECT_TRUE(IsCut(peers_[0]));
}

}  // namespace
}  // namespace hoop

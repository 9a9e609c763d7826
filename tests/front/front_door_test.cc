#include "front/front_door.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/limits/listener.h"
#include "net/descriptor.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/descriptor_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"

namespace hoop {
namespace {

class FrontDoorTest : public ::testing::Test {
 protected:
  void Open(FrontDoor::Options options = {}) {
    options.name = "test";
    options.address = {"127.0.0.1", 0};
    auto door = FrontDoor::Open(loop_, loop_, Log(), std::move(options), [this](std::unique_ptr<ByteStream> stream) {
      inside_.push_back(std::make_unique<StreamProbe>(loop_, std::move(stream)));
      if (inside_.size() == awaited_) loop_.Stop();
    });
    ASSERT_OK(door);
    door_ = *std::move(door);
  }
  static Descriptor NewSocket() { return Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
  void Connect(const Descriptor& socket) {
    sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(door_->address().port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  // Connects a new peer, which says "!", and waits until it is handed on.
  StreamProbe& Enter() {
    peers_.push_back(NewSocket());
    Connect(peers_.back());
    Say(peers_.size() - 1, "!");
    awaited_ = inside_.size() + 1;
    loop_.Run();
    return *inside_.back();
  }
  // Connects a new peer that says nothing.
  void ConnectSilently() {
    peers_.push_back(NewSocket());
    Connect(peers_.back());
    Settle();
  }
  bool IsCut(size_t peer) {
    char byte;
    return ::recv(peers_[peer].get(), &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
  }
  void Say(size_t peer, const std::string& text) {
    ASSERT_EQ(::send(peers_[peer].get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // So many strangers are inside and say "word" that most of them wait for their turn.
  void ManyWait() {
    constexpr size_t kAll = 4 * limits::kStrangersPerTurnMax;
    for (size_t i = 0; i < kAll; ++i) Enter();
    for (size_t i = 0; i < kAll; ++i) Say(i, "word");
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
  }
  // Turns that are enough for everything that waits now.
  void Settle() {
    for (int turn = 0; turn < 4; ++turn) {
      loop_.Post([this] { loop_.Stop(); });
      loop_.Run();
    }
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<Descriptor> peers_;
  std::vector<std::unique_ptr<StreamProbe>> inside_;
  size_t awaited_ = 0;
  std::unique_ptr<FrontDoor> door_;
};

TEST_F(FrontDoorTest, HandsConnectionsOn) {
  Open();
  StreamProbe& stream = Enter();
  Say(0, "hello");
  EXPECT_EQ(stream.ReadUntil("hello"), "!hello");
  EXPECT_TRUE(stream.stream().peer().starts_with("127.0.0.1:"));
  EXPECT_EQ(door_->doorstep().counts().accepted, 1u);
  EXPECT_EQ(door_->counts().strangers, 1u);
  EXPECT_EQ(door_->open(), 1u);
  inside_.clear();
  EXPECT_EQ(door_->open(), 0u);
  EXPECT_EQ(door_->counts().strangers, 0u);
}

// The deadline counts from accept, also for who waited long before it spoke.
TEST_F(FrontDoorTest, WhoSpokeLateHasTheRestOfTheTime) {
  Open();
  ConnectSilently();
  clock_.Advance(limits::kPreAuthTime - absl::Milliseconds(1));
  Settle();
  Say(0, "!");
  while (inside_.empty()) Settle();
  EXPECT_FALSE(inside_[0]->ended());
  clock_.Advance(absl::Milliseconds(1));
  inside_[0]->ReadToEnd();
  EXPECT_STATUS(inside_[0]->error(), absl::StatusCode::kDeadlineExceeded, "not authenticated within 10s");
}

TEST_F(FrontDoorTest, LetsSomeInAtATime) {
  Open();
  constexpr size_t kAll = 3 * limits::kStrangersPerTurnMax;
  for (size_t i = 0; i < kAll; ++i) ConnectSilently();
  for (size_t i = 0; i < kAll; ++i) Say(i, "!");
  size_t before = 0, most = 0;
  while (inside_.size() < kAll) {
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
    most = std::max(most, inside_.size() - before);
    before = inside_.size();
  }
  EXPECT_EQ(most, limits::kStrangersPerTurnMax);
}

// Who does not prove who he is costs the others time.
class Paced : public FrontDoorTest {
 protected:
  static constexpr size_t kAtOnce = limits::kStrangersAtOnceMax;

  // `more` than may come in at once have said something.
  void Crowd(size_t more, size_t silent_max = limits::kSilentConnectionsMax) {
    Open({.silent_max = silent_max, .entry_time = absl::Milliseconds(2), .half_closed_is_gone = true});
    for (size_t i = 0; i < kAtOnce; ++i) Enter();
    for (size_t i = 0; i < more; ++i) {
      ConnectSilently();
      Say(peers_.size() - 1, "!");
      Settle();
    }
  }
  void After(absl::Duration time) {
    clock_.Advance(time);
    Settle();
  }
};

TEST_F(Paced, SomeComeInAtOnceThenOneEach) {
  Crowd(3);
  EXPECT_EQ(inside_.size(), kAtOnce);
  for (size_t more = 1; more <= 3; ++more) {
    After(absl::Milliseconds(1));
    EXPECT_EQ(inside_.size(), kAtOnce + more - 1);
    After(absl::Milliseconds(1));
    EXPECT_EQ(inside_.size(), kAtOnce + more);
  }
}

TEST_F(Paced, WhoProvesWhoHeIsMakesRoom) {
  Crowd(3);
  inside_[0]->stream().Trust();
  inside_[1]->Close();  // makes none
  After(absl::Milliseconds(2));
  EXPECT_EQ(inside_.size(), kAtOnce + 2);
}

TEST_F(Paced, WhatStrangersSayCounts) {
  Crowd(2);
  Say(0, std::string(3 * limits::kStrangerEntryBytes, 'x'));
  Settle();
  for (int i = 1; i <= 3; ++i) {
    After(absl::Milliseconds(2));
    EXPECT_EQ(inside_.size(), kAtOnce) << i;
  }
  After(absl::Milliseconds(2));
  EXPECT_EQ(inside_.size(), kAtOnce + 1);
  inside_[0]->stream().Trust();  // what it said, too
  After(absl::Milliseconds(2));
  EXPECT_EQ(inside_.size(), kAtOnce + 2);
}

TEST_F(Paced, TheNewestComesInFirst) {
  Crowd(2);
  After(absl::Milliseconds(2));
  ASSERT_EQ(inside_.size(), kAtOnce + 1);
  Say(kAtOnce + 1, "newest");
  EXPECT_EQ(inside_.back()->ReadUntil("newest"), "!newest");
}

TEST_F(Paced, WhoLeavesBeforeTakesNoPlace) {
  Crowd(3);
  peers_.resize(kAtOnce + 1);
  After(absl::Milliseconds(2));
  ASSERT_EQ(inside_.size(), kAtOnce + 1);
  Say(kAtOnce, "there");
  EXPECT_EQ(inside_.back()->ReadUntil("there"), "!there");
}

// Who waits outside has a descriptor.
TEST_F(Paced, WhoHasWaitedLongestMakesRoom) {
  Crowd(0, /*silent_max=*/2);
  for (int i = 0; i < 3; ++i) {
    ConnectSilently();
    Say(peers_.size() - 1, "!");
    Settle();
  }
  EXPECT_TRUE(IsCut(kAtOnce));
  EXPECT_FALSE(IsCut(kAtOnce + 1));
  EXPECT_EQ(door_->counts().dropped_full, 1u);
  EXPECT_EQ(door_->open(), kAtOnce + 2);
}

TEST_F(Paced, WhoWaitsTooLongIsDropped) {
  Crowd(1);
  for (const auto& stream : inside_) stream->Close();
  peers_.erase(peers_.begin(), peers_.end() - 1);
  clock_.Advance(limits::kPreAuthTime);
  Settle();
  EXPECT_EQ(inside_.size(), kAtOnce);
  EXPECT_EQ(door_->counts().dropped_late, 1u);
  EXPECT_TRUE(IsCut(0));
}

// What they say costs time; those who are known have it first.
TEST_F(FrontDoorTest, StrangersAreHeardAFewAtATime) {
  Open();
  constexpr size_t kAll = 4 * limits::kStrangersPerTurnMax;
  for (size_t i = 0; i < kAll; ++i) Enter();
  StreamProbe& known = *inside_[0];
  known.stream().Trust();
  for (size_t i = 0; i < kAll; ++i) Say(i, "word");
  const auto heard = [this] {
    return static_cast<size_t>(std::count_if(inside_.begin() + 1, inside_.end(),
                                             [](const auto& stream) { return stream->read() == "!word"; }));
  };
  size_t most = 0;
  for (size_t before = 0; before < kAll - 1; before = heard()) {
    loop_.Post([this] { loop_.Stop(); });
    loop_.Run();
    EXPECT_EQ(known.read(), "!word");
    most = std::max(most, heard() - before);
  }
  EXPECT_EQ(most, limits::kStrangersPerTurnMax);
}

TEST_F(FrontDoorTest, WhoIsTrustedWhileItWaitsIsHeard) {
  Open();
  ManyWait();
  for (const auto& stream : inside_) stream->stream().Trust();
  for (const auto& stream : inside_) EXPECT_EQ(stream->ReadUntil("word"), "!word");
}

TEST_F(FrontDoorTest, WhoLeavesWhileItWaitsHoldsNobodyUp) {
  Open();
  ManyWait();
  for (size_t i = 0; i + 1 < inside_.size(); ++i) inside_[i]->Close();
  EXPECT_EQ(inside_.back()->ReadUntil("word"), "!word");
}

TEST_F(FrontDoorTest, NobodyComesInWhenTheDoorIsGone) {
  Open();
  ConnectSilently();
  Say(0, "!");
  loop_.Post([this] {  // behind the turn in which the doorstep sees it
    loop_.Post([this] { door_.reset(); });
  });
  Settle();
  Settle();
  EXPECT_TRUE(inside_.empty());
  EXPECT_TRUE(IsCut(0));
}

TEST_F(FrontDoorTest, TheDoorstepMayHaveAThreadOfItsOwn) {
  EventLoop doorstep_loop(clock_);
  auto door = FrontDoor::Open(loop_, doorstep_loop, Log(), {.address = {"127.0.0.1", 0}},
                              [this](std::unique_ptr<ByteStream> stream) {
                                inside_.push_back(std::make_unique<StreamProbe>(loop_, std::move(stream)));
                                if (inside_.size() == awaited_) loop_.Stop();
                              });
  ASSERT_OK(door);
  door_ = *std::move(door);
  {
    const LoopThread thread(doorstep_loop, "test-doorstep");
    for (int i = 0; i < 20; ++i) Enter();
    EXPECT_EQ(door_->open(), 20u);
    inside_.resize(10);
    EXPECT_EQ(door_->open(), 10u);
    door_.reset();
  }
  EXPECT_EQ(inside_[0]->ReadUntil("!"), "!");
}

TEST_F(FrontDoorTest, DropsAnUnknownConnectionAtTheDeadline) {
  Open();
  StreamProbe& stream = Enter();
  clock_.Advance(limits::kPreAuthTime - absl::Milliseconds(1));
  Settle();
  EXPECT_FALSE(stream.ended());
  clock_.Advance(absl::Milliseconds(1));
  stream.ReadToEnd();
  EXPECT_STATUS(stream.error(), absl::StatusCode::kDeadlineExceeded, "not authenticated within 10s");
  EXPECT_EQ(stream.Write("x").kind, IoResult::Kind::kError);
  EXPECT_EQ(door_->counts().dropped_late, 1u);
  char byte;
  EXPECT_LE(::recv(peers_[0].get(), &byte, 1, 0), 0);  // the peer sees the end
}

TEST_F(FrontDoorTest, AnOwnerWhoDoesNotReadLearnsOfTheDropWhenItAsksAgain) {
  Open();
  StreamProbe& stream = Enter();
  stream.ReadUntil("!");
  stream.stream().StopRead();
  clock_.Advance(limits::kPreAuthTime);
  Settle();
  EXPECT_FALSE(stream.ended());
  stream.stream().WantRead();
  stream.ReadToEnd();
  EXPECT_STATUS(stream.error(), absl::StatusCode::kDeadlineExceeded, "");
}

TEST_F(FrontDoorTest, ATalkingStrangerIsDroppedToo) {
  Open();
  StreamProbe& stream = Enter();
  for (int second = 0; second < 9; ++second) {
    Say(0, std::string(1, static_cast<char>('a' + second)));
    stream.ReadUntil(std::string(1, static_cast<char>('a' + second)));
    clock_.Advance(absl::Seconds(1));
  }
  clock_.Advance(absl::Seconds(1));
  stream.ReadToEnd();
  EXPECT_STATUS(stream.error(), absl::StatusCode::kDeadlineExceeded, "");
}

TEST_F(FrontDoorTest, LeavesATrustedConnectionAlone) {
  Open();
  StreamProbe& stream = Enter();
  stream.stream().Trust();
  EXPECT_EQ(door_->counts().strangers, 0u);
  clock_.Advance(absl::Hours(24));
  Settle();
  Say(0, "still here");
  EXPECT_EQ(stream.ReadUntil("still here"), "!still here");
}

TEST_F(FrontDoorTest, DropsWhoWasSilentLongestWhenStrangersCostTooMuch) {
  Open({.pre_auth_bytes_max = 64 * 1024});
  StreamProbe &trusted = Enter(), &silent = Enter(), &early = Enter(), &late = Enter();
  trusted.stream().Trust();
  Say(2, "early");
  early.ReadUntil("early");
  Say(3, std::string(59 * 1024, 'x') + "late");  // fits, but for the silent one
  late.ReadUntil("late");
  silent.ReadToEnd();
  EXPECT_STATUS(silent.error(), absl::StatusCode::kResourceExhausted, "not authenticated yet");
  EXPECT_FALSE(early.ended() || late.ended() || trusted.ended());
  EXPECT_EQ(door_->counts().dropped_full, 1u);
}

TEST_F(FrontDoorTest, AStrangerWhoSpeaksCostsASession) {
  Open({.pre_auth_bytes_max = 70 * 1024, .pre_auth_session_bytes = 30 * 1024});
  for (size_t i = 0; i < 4; ++i) ConnectSilently();
  for (size_t i = 0; i < 3; ++i) {
    Say(i, "x");
    while (inside_.size() <= i) Settle();
  }
  Settle();
  EXPECT_TRUE(inside_[0]->ended());  // silent longest of those who spoke
  EXPECT_FALSE(inside_[1]->ended() || inside_[2]->ended());
  EXPECT_FALSE(IsCut(3));  // costs nothing yet
  EXPECT_EQ(door_->counts().dropped_full, 1u);
}

TEST_F(FrontDoorTest, DropsTheOneWhoAloneCostsTooMuch) {
  Open({.pre_auth_bytes_max = 8 * 1024});
  StreamProbe& stream = Enter();
  Say(0, std::string(16 * 1024, 'x'));
  stream.ReadToEnd();
  EXPECT_STATUS(stream.error(), absl::StatusCode::kResourceExhausted, "");
}

TEST_F(FrontDoorTest, RefusesBeyondTheMostConnections) {
  Open({.connections_max = 2});
  Enter().stream().Trust();
  Enter().stream().Trust();
  const Descriptor third = NewSocket();
  Connect(third);
  Settle();
  char byte;
  EXPECT_LE(::recv(third.get(), &byte, 1, 0), 0);
  EXPECT_EQ(door_->doorstep().counts().refused, 1u);
  inside_.pop_back();
  Enter();  // there is room again
  EXPECT_EQ(door_->open(), 2u);
}

TEST_F(FrontDoorTest, ConnectionsOutliveTheDoorWithTheirLimits) {
  Open();
  StreamProbe& stream = Enter();
  door_.reset();
  Say(0, "after");
  EXPECT_EQ(stream.ReadUntil("after"), "!after");
  clock_.Advance(limits::kPreAuthTime);
  stream.ReadToEnd();
  EXPECT_STATUS(stream.error(), absl::StatusCode::kDeadlineExceeded, "");
}

TEST_F(FrontDoorTest, RefusesAnAddressInUse) {
  Open();
  EXPECT_STATUS(FrontDoor::Open(loop_, loop_, Log(), {.address = door_->address()}, [](auto) {}),
                absl::StatusCode::kFailedPrecondition, "Address already in use");
}

TEST_F(FrontDoorTest, RecoversFromExhaustionAmongAThousandConnections) {
  const DescriptorLimit enough(4096);
  if (!enough.worked()) GTEST_SKIP() << "this machine allows fewer than 4096 descriptors";
  Open();
  for (int i = 0; i < 1000; ++i) {
    peers_.push_back(NewSocket());
    Connect(peers_.back());
  }
  while (door_->open() < 1000) Settle();
  const Descriptor unlucky = NewSocket(), next = NewSocket();
  {
    const DescriptorLimit none(DescriptorLimit::NoMore());
    Connect(unlucky);
    Settle();
  }
  char byte;
  EXPECT_LE(::recv(unlucky.get(), &byte, 1, 0), 0);
  EXPECT_EQ(door_->doorstep().counts().exhausted, 1u);
  EXPECT_EQ(door_->open(), 1000u);

  Connect(next);
  clock_.Advance(limits::kAcceptPauseTime);
  Say(999, "served");
  awaited_ = 1;
  loop_.Run();
  EXPECT_EQ(inside_[0]->ReadUntil("served"), "served");
}

}  // namespace
}  // namespace hoop

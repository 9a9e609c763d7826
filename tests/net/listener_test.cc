#include "net/listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <vector>

#include "base/limits/listener.h"
#include "net/descriptor.h"
#include "net/event_loop.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/descriptor_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stream_probe.h"

namespace hoop {
namespace {

class ListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Listener> ListenOn(const Address& address) {
    auto listener = Listen(loop_, address, [this](std::unique_ptr<ByteStream> stream) {
      accepted_.push_back(std::move(stream));
      if (accepted_.size() == stop_at_) loop_.Stop();
    });
    EXPECT_OK(listener);
    return *std::move(listener);
  }
  void RunUntilAccepted(size_t count) {
    stop_at_ = count;
    if (accepted_.size() < count) loop_.Run();
  }
  // A connection as the kernel makes it at once: it waits in the listener's queue.
  static Descriptor Knock(const Address& address) {
    const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(address.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(::connect(number, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    return Descriptor(number);
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  std::vector<std::unique_ptr<ByteStream>> accepted_;
  size_t stop_at_ = 0;
};

TEST_F(ListenerTest, SaysItsRealPort) {
  const auto listener = ListenOn({"127.0.0.1", 0});
  EXPECT_NE(listener->address().port, 0);
  EXPECT_EQ(listener->address().host, "127.0.0.1");
}

TEST_F(ListenerTest, AcceptsSeveralAndNamesThem) {
  const auto listener = ListenOn({"127.0.0.1", 0});
  const Descriptor one = Knock(listener->address()), two = Knock(listener->address());
  RunUntilAccepted(2);
  sockaddr_in name;
  socklen_t size = sizeof name;
  ::getsockname(one.get(), reinterpret_cast<sockaddr*>(&name), &size);
  EXPECT_EQ(accepted_[0]->peer(), "127.0.0.1:" + std::to_string(ntohs(name.sin_port)));
}

TEST_F(ListenerTest, RefusesAnAddressInUse) {
  const auto listener = ListenOn({"127.0.0.1", 0});
  EXPECT_STATUS(Listen(loop_, listener->address(), [](auto) {}), absl::StatusCode::kFailedPrecondition,
                "listen on " + listener->address().ToString() + ": Address already in use");
}

TEST_F(ListenerTest, TriesAnAddressAndLetsItGo) {
  auto listener = ListenOn({"127.0.0.1", 0});
  const Address address = listener->address();
  EXPECT_STATUS(TryListen(address), absl::StatusCode::kFailedPrecondition,
                "listen on " + address.ToString() + ": Address already in use");
  listener.reset();
  EXPECT_OK(TryListen(address));
  EXPECT_OK(TryListen(address));
  const std::string path = ::testing::TempDir() + "/hoop-listener-tried.sock";
  EXPECT_OK(TryListen({path, 0}));
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, DoesNotTakeALivingSocketFile) {
  const std::string path = ::testing::TempDir() + "/hoop-listener-living.sock";
  const auto listener = ListenOn({path, 0});
  EXPECT_STATUS(Listen(loop_, {path, 0}, [](auto) {}), absl::StatusCode::kFailedPrecondition, path);
}

TEST_F(ListenerTest, ReplacesAStaleSocketFileAndRemovesItsOwn) {
  const std::string path = ::testing::TempDir() + "/hoop-listener-stale.sock";
  sockaddr_un name = {.sun_family = AF_UNIX};
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  {
    const Descriptor left_behind(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(left_behind.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  ListenOn({path, 0});
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST_F(ListenerTest, MayBeDestroyedInItsOwnCall) {
  std::unique_ptr<Listener> listener;
  int calls = 0;
  listener = *Listen(loop_, {"127.0.0.1", 0}, [&](auto) {
    ++calls;
    listener.reset();
    loop_.Stop();
  });
  const Descriptor one = Knock(listener->address()), two = Knock(listener->address());
  loop_.Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(ListenerTest, GoesOnAfterDescriptorsRanOut) {
  const auto listener = ListenOn({"127.0.0.1", 0});
  const Descriptor first = Knock(listener->address());
  RunUntilAccepted(1);
  Descriptor waiting = Knock(listener->address());
  // The sanitizer needs a descriptor of its own when it meets a type for the first time: here, that of timers.
  loop_.After(absl::ZeroDuration(), [] {}).reset();
  {
    const DescriptorLimit none(DescriptorLimit::NoMore());
    loop_.Post([this] { loop_.Post([this] { loop_.Stop(); }); });
    loop_.Run();
    EXPECT_EQ(listener->exhausted_count(), 1u);
    EXPECT_EQ(accepted_.size(), 1u);
  }
  // The one that waited was told: its connection is closed.
  StreamProbe probe(loop_, AdoptSocket(loop_, waiting.Release(), "waiting"));
  probe.ReadToEnd();
  EXPECT_TRUE(probe.ended());

  const Descriptor next = Knock(listener->address());
  loop_.Post([this] { loop_.Stop(); });
  loop_.Run();
  EXPECT_EQ(accepted_.size(), 1u);  // pausing
  clock_.Advance(limits::kAcceptPauseTime);
  RunUntilAccepted(2);
  EXPECT_EQ(listener->exhausted_count(), 1u);
}

TEST_F(ListenerTest, LeavesDescriptorsToFiles) {
  const auto listener = ListenOn({"127.0.0.1", 0});
  const Descriptor first = Knock(listener->address());
  RunUntilAccepted(1);
  Descriptor waiting = Knock(listener->address());
  // The sanitizer needs a descriptor of its own when it meets a type for the first time.
  loop_.After(absl::ZeroDuration(), [] {}).reset();
  {
    const DescriptorLimit few(DescriptorLimit::NoMore() + 2);
    loop_.Post([this] { loop_.Post([this] { loop_.Stop(); }); });
    loop_.Run();
    EXPECT_EQ(listener->exhausted_count(), 1u);
    EXPECT_EQ(accepted_.size(), 1u);
    EXPECT_TRUE(Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)).is_open());
  }
  StreamProbe probe(loop_, AdoptSocket(loop_, waiting.Release(), "waiting"));
  probe.ReadToEnd();
  EXPECT_TRUE(probe.ended());
  const Descriptor next = Knock(listener->address());
  clock_.Advance(limits::kAcceptPauseTime);
  RunUntilAccepted(2);
}

// A second of real time: the kernel's.
TEST_F(ListenerTest, WhoSaysNothingComesAfterTheDeferral) {
  int calls = 0;
  const auto listener = *ListenForSockets(loop_, {"127.0.0.1", 0}, absl::Seconds(1), [&](Descriptor, std::string) {
    ++calls;
    loop_.Stop();
  });
  const Descriptor silent = Knock(listener->address());
  loop_.Run();
  EXPECT_EQ(calls, 1);
}

TEST_F(ListenerTest, TakesSomeAtATime) {
  constexpr size_t kAll = 4 * limits::kAcceptsPerTurnMax;
  std::vector<std::unique_ptr<ByteStream>> streams;
  size_t in_first_turn = 0;
  const auto listener = *Listen(loop_, {"127.0.0.1", 0}, [&](std::unique_ptr<ByteStream> stream) {
    if (streams.empty()) loop_.AtTurnEnd(TurnPhase::kFree, [&] { in_first_turn = streams.size(); });
    streams.push_back(std::move(stream));
    if (streams.size() == kAll) loop_.Stop();
  });
  std::vector<Descriptor> peers;
  for (size_t i = 0; i < kAll; ++i) peers.push_back(Knock(listener->address()));
  loop_.Run();
  EXPECT_GT(in_first_turn, 0u);
  EXPECT_LE(in_first_turn, 2 * limits::kAcceptsPerTurnMax);  // a turn looks at every descriptor twice at most
}

}  // namespace
}  // namespace hoop

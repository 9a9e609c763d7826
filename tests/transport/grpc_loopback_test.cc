// Our channel to our server over real sockets and real loops.
#include "tests/transport/loopback_fixture.h"

#include <vector>

#include "absl/synchronization/blocking_counter.h"

#include "base/limits/http2.h"
#include "base/limits/wire.h"
#include "tests/support/status_matchers.h"

namespace hoop::testing {
namespace {

struct Echo final : PacketStream::Receiver {
  explicit Echo(std::unique_ptr<PacketStream> owned) : stream(std::move(owned)) { stream->SetReceiver(this); }
  void OnPacket(Packet packet) override { stream->Send(std::move(packet)); }
  void OnPeerDone() override { stream->Finish(absl::OkStatus()); }
  void OnEnd(const absl::Status&) override {}
  std::unique_ptr<PacketStream> stream;
};

struct EchoServer final : GrpcServer::Delegate {
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    connection.Authenticated("peer");
    echoes.push_back(std::make_unique<Echo>(std::move(stream)));
    if (stop_first && echoes.size() == 1) echoes[0]->stream->SetReading(false);
  }
  void OnUnary(std::unique_ptr<UnaryCall> call) override {
    call->Answer(std::string(call->method()).append(call->request()));
  }
  bool stop_first = false;
  std::vector<std::unique_ptr<Echo>> echoes;
};

// Sends `round_trips` packets of one size one after the other, then half-closes and waits for the end.
struct Runner final : PacketStream::Receiver {
  Runner(std::unique_ptr<PacketStream> owned, size_t packet_bytes, int round_trips, absl::BlockingCounter& running)
      : stream(std::move(owned)), payload(packet_bytes, 'r'), left(round_trips), running(running) {
    stream->SetReceiver(this);
    stream->Send(Packet("Echo", {}, payload));
  }
  void OnPacket(Packet packet) override {
    if (packet.payload() != payload) ++wrong;
    if (--left > 0) {
      stream->Send(std::move(packet));
    } else {
      stream->Finish(absl::OkStatus());
    }
  }
  void OnEnd(const absl::Status& status) override {
    end = status;
    running.DecrementCount();
  }

  std::unique_ptr<PacketStream> stream;
  const std::string payload;
  int left, wrong = 0;
  absl::Status end = absl::UnknownError("not yet");
  absl::BlockingCounter& running;
};

class Loopback : public ::testing::Test {
 protected:
  ~Loopback() override {
    channel.on.Do([this] { runners.clear(); });
    server.on.Do([this] { delegate.echoes.clear(); });
  }
  void Run(int streams, size_t packet_bytes, int round_trips) {
    absl::BlockingCounter running(streams);
    channel.on.Do([this, streams, packet_bytes, round_trips, &running] {
      for (int i = 0; i < streams; ++i) {
        runners.push_back(
            std::make_unique<Runner>(channel.channel->OpenStream({}), packet_bytes, round_trips, running));
      }
    });
    running.Wait();
    channel.on.Do([this] {
      for (auto& runner : runners) {
        EXPECT_OK(runner->end);
        EXPECT_EQ(runner->left, 0);
        EXPECT_EQ(runner->wrong, 0);
      }
      runners.clear();
      EXPECT_EQ(channel.channel->held_bytes(), 0u);
    });
  }

  EchoServer delegate;
  LoopbackServer server{delegate};
  LoopbackChannel channel{server.address()};
  std::vector<std::unique_ptr<Runner>> runners;
};

TEST_F(Loopback, EchoesOnManyStreams) {
  Run(1, 1, 1);
  Run(100, 64, 20);
  Run(20, 32 * 1024, 20);
}

TEST_F(Loopback, EchoesMessagesOfTheLargestSize) { Run(1, limits::kMessageSendBytesMax - 64, 2); }

TEST_F(Loopback, AStoppedReaderLeavesItsNeighboursAlone) {
  server.on.Do([this] { delegate.stop_first = true; });
  std::unique_ptr<PacketStream> stopped;
  channel.on.Do([this, &stopped] {
    stopped = channel.channel->OpenStream({});
    for (int i = 0; i < 100; ++i) stopped->Send(Packet("Echo", {}, std::string(32 * 1024, 's')));
  });
  absl::BlockingCounter running(1);
  channel.on.Do([this, &running] {
    runners.push_back(std::make_unique<Runner>(channel.channel->OpenStream({}), 1000, 2000, running));
  });
  running.Wait();
  channel.on.Do([this, &stopped] {
    EXPECT_OK(runners[0]->end);
    EXPECT_GE(stopped->queued_bytes(), 100 * 32 * 1024 - limits::kStreamWindowBytes);
    stopped.reset();
  });
  server.on.Do([this] { EXPECT_LE(server.server->held_bytes(), limits::kStreamWindowBytes); });
}

TEST_F(Loopback, AnswersUnaryCalls) {
  absl::Notification answered;
  channel.on.Do([this, &answered] {
    channel.channel->CallUnary("Path", {}, "+request", [&answered](absl::StatusOr<std::string> answer) {
      EXPECT_OK(answer);
      EXPECT_EQ(*answer, "Path+request");
      answered.Notify();
    });
  });
  answered.WaitForNotification();
}

}  // namespace
}  // namespace hoop::testing

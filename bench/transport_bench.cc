// Echo over loopback sockets, our channel to our server: round trips of small packets and throughput of large ones.
//   transport_bench [seconds per line]
// One process, two loops with a thread each; CPU is that of the whole process, so of both ends together.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "net/dial.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "transport/grpc_channel.h"
#include "transport/grpc_server.h"

namespace hoop {
namespace {

double CpuSeconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

// Runs `task` on `loop` and waits for it.
template <typename Task>
void RunOn(EventLoop& loop, Task task) {
  absl::Notification done;
  loop.Post([&task, &done] {
    task();
    done.Notify();
  });
  done.WaitForNotification();
}

struct EchoStream final : PacketStream::Receiver {
  explicit EchoStream(std::unique_ptr<PacketStream> owned) : stream(std::move(owned)) { stream->SetReceiver(this); }
  void OnPacket(Packet packet) override { stream->Send(std::move(packet)); }
  void OnEnd(const absl::Status&) override {}
  std::unique_ptr<PacketStream> stream;
};

struct EchoServer final : GrpcServer::Delegate {
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override {
    connection.Authenticated("bench");
    streams.push_back(std::make_unique<EchoStream>(std::move(stream)));
  }
  void OnUnary(std::unique_ptr<UnaryCall> call) override { call->Answer(absl::UnimplementedError("")); }
  std::vector<std::unique_ptr<EchoStream>> streams;
};

// Sends again what comes back: a closed loop.
struct Load final : PacketStream::Receiver {
  explicit Load(std::unique_ptr<PacketStream> owned) : stream(std::move(owned)) { stream->SetReceiver(this); }
  void OnPacket(Packet packet) override {
    ++count;
    stream->Send(std::move(packet));
  }
  void OnEnd(const absl::Status&) override {}
  std::unique_ptr<PacketStream> stream;
  uint64_t count = 0;
};

struct Case {
  int streams;
  int window;
  size_t bytes;
};

class Bench {
 public:
  Bench() {
    RunOn(server_loop_, [this] {
      server_ = std::make_unique<GrpcServer>(server_loop_, echo_);
      listener_ = *Listen(server_loop_, Address{"127.0.0.1", 0},
                          [this](std::unique_ptr<ByteStream> bytes) { server_->Accept(std::move(bytes)); });
    });
  }
  ~Bench() {
    RunOn(server_loop_, [this] {
      echo_.streams.clear();
      listener_.reset();
      server_.reset();
    });
  }

  // Memory of `streams` idle streams, both ends together.
  void Idle(int streams) {
    Connect();
    const size_t before = ResidentBytes();
    RunOn(channel_loop_, [this, streams] {
      for (int i = 0; i < streams; ++i) loads_.push_back(std::make_unique<Load>(channel_->OpenStream({})));
    });
    CallOnce();
    const size_t after = ResidentBytes();
    std::printf("%d idle streams: %.2f KiB each at both ends together\n", streams,
                static_cast<double>(after - before) / 1024 / streams);
    RunOn(channel_loop_, [this] { loads_.clear(); });
    RunOn(server_loop_, [this] { echo_.streams.clear(); });
  }

  // Memory of connections with one idle stream each.
  void IdleConnections(int connections) {
    std::vector<std::unique_ptr<GrpcChannel>> channels;
    Connect();
    CallOnce();
    const size_t before = ResidentBytes();
    for (int i = 0; i < connections; ++i) {
      RunOn(channel_loop_, [this, &channels] { channels.push_back(std::move(channel_)); });
      Connect();
      RunOn(channel_loop_, [this] { loads_.push_back(std::make_unique<Load>(channel_->OpenStream({}))); });
      CallOnce();
    }
    const size_t after = ResidentBytes();
    std::printf("%d connections with one idle stream: %.1f KiB each at both ends together\n", connections,
                static_cast<double>(after - before) / 1024 / connections);
    RunOn(channel_loop_, [this, &channels] {
      loads_.clear();
      channels.clear();
      channel_.reset();
    });
    RunOn(server_loop_, [this] { echo_.streams.clear(); });
  }

  void Run(const Case& what, absl::Duration time) {
    Connect();
    RunOn(channel_loop_, [this, &what] {
      const std::string payload(what.bytes, 'x');
      for (int i = 0; i < what.streams; ++i) {
        loads_.push_back(std::make_unique<Load>(channel_->OpenStream({})));
        for (int k = 0; k < what.window; ++k) loads_.back()->stream->Send(Packet("Echo", {}, payload));
      }
    });
    absl::SleepFor(time / 4);  // windows have grown, everything is warm
    const double cpu = CpuSeconds();
    const uint64_t before = Count();
    const absl::Time begin = absl::Now();
    absl::SleepFor(time);
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    const auto trips = static_cast<double>(Count() - before);
    std::printf("%4d x %d, %6zu B: %9.0f round trips/s, %7.2f us CPU each (both ends), %7.1f MB/s each way\n",
                what.streams, what.window, what.bytes, trips / seconds, (CpuSeconds() - cpu) / trips * 1e6,
                trips / seconds * static_cast<double>(what.bytes) / 1e6);
    RunOn(channel_loop_, [this] {
      loads_.clear();
      channel_.reset();
    });
    RunOn(server_loop_, [this] { echo_.streams.clear(); });
  }

 private:
  // Everything sent before has arrived when this returns.
  void CallOnce() {
    absl::Notification answered;
    RunOn(channel_loop_, [this, &answered] {
      channel_->CallUnary("Nothing", {}, "", [&answered](absl::StatusOr<std::string>) { answered.Notify(); });
    });
    answered.WaitForNotification();
  }
  void Connect() {
    absl::Notification connected;
    std::unique_ptr<Dialing> dialing;
    RunOn(channel_loop_, [this, &dialing, &connected] {
      dialing = Dial(channel_loop_, listener_->address(), absl::Seconds(5),
                     [this, &connected](absl::StatusOr<std::unique_ptr<ByteStream>> bytes) {
                       channel_ = GrpcChannel::Create(channel_loop_, *std::move(bytes),
                                                      {.authority = "bench", .user_agent = "bench"}, nullptr);
                       connected.Notify();
                     });
    });
    connected.WaitForNotification();
    RunOn(channel_loop_, [&dialing] { dialing.reset(); });
  }
  uint64_t Count() {
    uint64_t count = 0;
    RunOn(channel_loop_, [this, &count] {
      for (const auto& load : loads_) count += load->count;
    });
    return count;
  }

  EventLoop server_loop_{Clock::System()}, channel_loop_{Clock::System()};
  EchoServer echo_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<GrpcChannel> channel_;
  std::vector<std::unique_ptr<Load>> loads_;
  LoopThread server_thread_{server_loop_, "server"}, channel_thread_{channel_loop_, "channel"};
};

}  // namespace
}  // namespace hoop

int main(int count, char** arguments) {
  const absl::Duration time = absl::Seconds(count > 1 ? std::atof(arguments[1]) : 2.0);
  hoop::Bench().IdleConnections(500);
  hoop::Bench().Idle(10000);
  for (const hoop::Case& what :
       {hoop::Case{1, 1, 64}, {16, 1, 64}, {64, 1, 64}, {256, 1, 64}, {1, 8, 32768}, {16, 8, 32768}}) {
    hoop::Bench().Run(what, time);
  }
  return 0;
}

// Opens N sessions to one connection and holds them, idle: what each costs gateway and agent is asked from outside.
//   hold_sessions GRPC_URL TOKEN CONNECTION N own|shared
// own: each session has a connection to the gateway, as `hoop connect` does; shared: all are streams on one.
// Prints one line when all are open, then waits for a signal to end it.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/client_session.h"
#include "client/gateway_address.h"
#include "hoop/clock.h"
#include "net/dialler_context.h"
#include "net/event_loop.h"
#include "transport/grpc_gateway_dialer.h"

namespace hoop {
namespace {

[[noreturn]] void Fail(const std::string& text) {
  std::fprintf(stderr, "hold_sessions: %s\n", text.c_str());
  std::exit(1);
}

// Hands the same channel to everybody who dials.
class OneChannelDialer final : public GatewayDialer {
 public:
  OneChannelDialer(Loop& loop, GatewayDialer& dialer) : loop_(loop), dialer_(dialer) {}

  std::unique_ptr<Dialing> DialGateway(Done done) override {
    waiting_.push_back(std::move(done));
    if (dialing_ == nullptr) {
      dialing_ = dialer_.DialGateway([this](absl::StatusOr<std::unique_ptr<GatewayChannel>> channel) {
        if (!channel.ok()) Fail(std::string(channel.status().message()));
        channel_ = *std::move(channel);
        Answer();
      });
    }
    if (channel_ != nullptr) loop_.Post([this] { Answer(); });
    return nullptr;
  }

 private:
  class Borrowed final : public GatewayChannel {
   public:
    explicit Borrowed(GatewayChannel& channel) : channel_(channel) {}
    std::unique_ptr<PacketStream> OpenStream(Metadata metadata) override {
      return channel_.OpenStream(std::move(metadata));
    }
    void CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                   absl::Duration timeout) override {
      channel_.CallUnary(path, std::move(metadata), std::move(request), std::move(done), timeout);
    }
    void SetPingInterval(absl::Duration interval) override { channel_.SetPingInterval(interval); }
    bool accepts_streams() const override { return channel_.accepts_streams(); }

   private:
    GatewayChannel& channel_;
  };

  void Answer() {
    for (Done& done : std::exchange(waiting_, {})) done(std::make_unique<Borrowed>(*channel_));
  }

  Loop& loop_;
  GatewayDialer& dialer_;
  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<GatewayChannel> channel_;
  std::vector<Done> waiting_;
};

// Opens the sessions one after the other: a crowd at the door is not what is measured.
class Holder final : public ClientSession::Delegate {
 public:
  Holder(Loop& loop, GatewayDialer& dialer, SessionPlan plan, size_t count)
      : loop_(loop), dialer_(dialer), plan_(std::move(plan)), count_(count) {}

  void OpenNext() {
    if (sessions_.size() == count_) {
      std::printf("%zu sessions are open\n", count_);
      std::fflush(stdout);
      return;
    }
    sessions_.push_back(std::make_unique<ClientSession>(loop_, dialer_, plan_, *this));
    sessions_.back()->Start();
  }

 private:
  void OnSessionOpen(const OpenedSession&) override {
    loop_.Post([this] { OpenNext(); });
  }
  void OnSessionPacket(Packet) override {}
  void OnSessionDrained() override {}
  void OnSessionNotice(const ClientEvent&) override {}
  void OnSessionEnd(const SessionEnding& ending) override {
    Fail(std::string(ending.status.message()) + " " + ending.text);
  }

  Loop& loop_;
  GatewayDialer& dialer_;
  const SessionPlan plan_;
  const size_t count_;
  std::vector<std::unique_ptr<ClientSession>> sessions_;
};

int Main(int argc, char** argv) {
  if (argc != 6) Fail("usage: hold_sessions GRPC_URL TOKEN CONNECTION N own|shared");
  const absl::StatusOr<GatewayAddress> address = GatewayAddress::Parse(argv[1]);
  if (!address.ok()) Fail(std::string(address.status().message()));
  EventLoop loop(Clock::System());
  TlsTarget tls;
  if (address->tls) {  // whose certificate it is does not change what a session costs
    auto context = MakeDiallerContext({}, TlsVerify::kNone);
    if (!context.ok()) Fail(std::string(context.status().message()));
    tls.context = *std::move(context);
  }
  GrpcGatewayDialer own(loop, {.address = address->address, .user_agent = "hoopcli/bench", .tls = std::move(tls)});
  OneChannelDialer shared(loop, own);
  SessionPlan plan;
  plan.metadata = {{"authorization", "Bearer " + std::string(argv[2])},
                   {"origin", "client"},
                   {"verb", "connect"},
                   {"connection-name", argv[3]}};
  plan.request.connection = argv[3];
  GatewayDialer& dialer = std::string(argv[5]) == "own" ? static_cast<GatewayDialer&>(own) : shared;
  Holder holder(loop, dialer, std::move(plan), static_cast<size_t>(std::atoi(argv[4])));
  loop.Post([&holder] { holder.OpenNext(); });
  loop.Run();
  return 0;
}

}  // namespace
}  // namespace hoop

int main(int argc, char** argv) { return hoop::Main(argc, argv); }

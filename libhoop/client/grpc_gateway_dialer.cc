#include "client/grpc_gateway_dialer.h"

#include <utility>

#include "base/check.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "net/event_loop.h"
#include "transport/grpc_channel.h"

namespace hoop {
namespace {

class GrpcGatewayChannel final : public GatewayChannel {
 public:
  GrpcGatewayChannel(EventLoop& loop, std::unique_ptr<ByteStream> bytes, GrpcChannel::Options options)
      // Each stream is told by itself when the connection breaks.
      : channel_(GrpcChannel::Create(loop, std::move(bytes), std::move(options), [](const absl::Status&) {})) {}

  std::unique_ptr<PacketStream> OpenStream(Metadata metadata) override {
    return channel_->OpenStream(std::move(metadata));
  }
  void SetPingInterval(absl::Duration interval) override { channel_->SetPingInterval(interval); }

 private:
  std::unique_ptr<GrpcChannel> channel_;
};

}  // namespace

GrpcGatewayDialer::GrpcGatewayDialer(EventLoop& loop, GatewayAddress address, std::string user_agent)
    : loop_(loop), address_(std::move(address)), user_agent_(std::move(user_agent)) {
  HOOP_CHECK(!address_.tls);
}

std::unique_ptr<Dialing> GrpcGatewayDialer::DialGateway(Done done) {
  GrpcChannel::Options options;
  options.authority = address_.authority();
  options.user_agent = user_agent_;
  auto connected = [&loop = loop_, options = std::move(options),
                    done = std::move(done)](absl::StatusOr<std::unique_ptr<ByteStream>> bytes) mutable {
    if (!bytes.ok()) return done(Annotate(bytes.status(), "gateway"));
    done(std::make_unique<GrpcGatewayChannel>(loop, *std::move(bytes), std::move(options)));
  };
  return Dial(loop_, address_.address, limits::kDialTime, std::move(connected));
}

}  // namespace hoop

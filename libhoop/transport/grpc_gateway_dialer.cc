#include "transport/grpc_gateway_dialer.h"

#include <utility>

#include "base/limits/net.h"
#include "base/status.h"
#include "net/event_loop.h"
#include "transport/grpc_channel.h"

namespace hoop {

std::unique_ptr<Dialing> GrpcGatewayDialer::DialGateway(Done done) {
  GrpcChannel::Options options{.authority = options_.address.ToString(),
                               .user_agent = options_.user_agent,
                               .tls = options_.tls.context != nullptr};
  auto connected = [&loop = loop_, options = std::move(options),
                    done = std::move(done)](absl::StatusOr<std::unique_ptr<ByteStream>> bytes) mutable {
    if (!bytes.ok()) return done(Annotate(bytes.status(), "gateway"));
    // Each stream is told by itself when the connection breaks.
    done(GrpcChannel::Create(loop, *std::move(bytes), std::move(options), [](const absl::Status&) {}));
  };
  return DialSecure(loop_, options_.address, options_.tls, limits::kDialTime, std::move(connected));
}

}  // namespace hoop

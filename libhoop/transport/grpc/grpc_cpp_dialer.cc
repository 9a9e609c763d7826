#include "transport/grpc/grpc_cpp_dialer.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <limits>
#include <string>
#include <utility>

#include "base/limits/http2.h"
#include "base/limits/net.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/grpc/grpc_cpp_channel.h"

namespace hoop {
namespace {

grpc::ChannelArguments Arguments(const GatewayDialOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(options.user_agent);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageReceiveBytesMax));
  arguments.SetMaxSendMessageSize(static_cast<int>(limits::kMessageSendBytesMax));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits::kHeaderBlockBytesMax));
  // A connection of this channel's own, and no calls but ours.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, std::numeric_limits<int>::max());
  arguments.SetServiceConfigJSON("{}");
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Probing lets a stream that nobody reads hold 4 MiB.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, static_cast<int>(limits::kStreamWindowBytesMax));
  if (!options.tls.host.empty()) arguments.SetSslTargetNameOverride(options.tls.host);
  return arguments;
}

std::shared_ptr<grpc::ChannelCredentials> Credentials(const GatewayDialOptions& options) {
  if (options.tls.context == nullptr) return grpc::InsecureChannelCredentials();
  const DiallerTls& tls = options.tls_texts;
  return grpc::SslCredentials(
      {.pem_root_certs = tls.ca, .pem_private_key = tls.key, .pem_cert_chain = tls.certificate});
}

std::string Target(const Address& address) {
  return address.host.starts_with('/') ? "unix:" + address.host : address.ToString();
}

// Owns the channel until the gateway has answered.
class GrpcCppDialing final : public Dialing {
 public:
  GrpcCppDialing(Loop& loop, std::unique_ptr<GrpcCppChannel> channel, GatewayDialer::Done done)
      : loop_(loop), channel_(std::move(channel)), done_(std::move(done)) {
    channel_->Connect(limits::kDialTime, [this](const absl::Status& status) { OnAnswer(status); });
  }
  ~GrpcCppDialing() override {
    if (channel_ != nullptr) loop_.DestroyLater(std::move(channel_));
  }

 private:
  void OnAnswer(const absl::Status& status) {
    GatewayDialer::Done done = std::move(done_);  // it may destroy this
    if (status.ok()) return done(std::move(channel_));
    loop_.DestroyLater(std::move(channel_));
    done(Annotate(status, "gateway"));
  }

  Loop& loop_;
  std::unique_ptr<GrpcCppChannel> channel_;
  GatewayDialer::Done done_;
};

}  // namespace

GrpcCppDialer::GrpcCppDialer(Loop& loop, GatewayDialOptions options)
    : options_(std::move(options)), credentials_(Credentials(options_)), calls_(std::make_shared<PendingCalls>(loop)) {}

GrpcCppDialer::~GrpcCppDialer() { calls_->AbandonAll(); }

std::unique_ptr<Dialing> GrpcCppDialer::DialGateway(Done done) {
  auto channel = std::make_unique<GrpcCppChannel>(
      calls_, grpc::CreateCustomChannel(Target(options_.address), credentials_, Arguments(options_)),
      options_.address.ToString());
  return std::make_unique<GrpcCppDialing>(calls_->loop(), std::move(channel), std::move(done));
}

}  // namespace hoop

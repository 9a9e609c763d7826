#include "transport/grpc_channel.h"

#include <utility>

#include "base/status.h"
#include "transport/call_packet_stream.h"
#include "transport/http2_buffers.h"
#include "transport/unary_reply.h"

namespace hoop {
namespace {

// Waits for the one answer of a unary call. Owned by its call.
class UnaryRequest final : public CallSink {
 public:
  explicit UnaryRequest(GrpcChannel::OnUnaryDone done) : reply_(std::move(done)) {}

 private:
  void OnMessage(std::string message) override {
    if (const absl::Status status = reply_.Take(std::move(message)); !status.ok()) call()->Fail(status);
  }
  void OnEnd(const absl::Status& status) override { reply_.Tell(status); }

  UnaryReply reply_;
};

}  // namespace

GrpcChannel::GrpcChannel(Loop& loop, Options options, OnClosed on_closed)
    : loop_(loop), options_(std::move(options)), on_closed_(std::move(on_closed)) {}

std::unique_ptr<GrpcChannel> GrpcChannel::Create(Loop& loop, std::unique_ptr<ByteStream> bytes, Options options,
                                                 OnClosed on_closed) {
  std::unique_ptr<GrpcChannel> channel(new GrpcChannel(loop, std::move(options), std::move(on_closed)));
  Http2Session::Delegate& delegate = *channel;
  channel->session_ = std::make_unique<Http2Session>(Http2Session::Role::kDialling, loop, std::move(bytes),
                                                     std::make_shared<Http2Buffers>(), delegate);
  channel->session_->SetPingInterval(channel->options_.ping_interval);
  return channel;
}

GrpcChannel::~GrpcChannel() {
  session_->DropDelegate(Unavailable("channel closed"));
  loop_.DestroyLater(std::move(session_));
}

GrpcCall* GrpcChannel::StartCall(std::string_view path, const Metadata& metadata, absl::Duration timeout) {
  const RequestHead head = {.path = std::string(kGrpcService).append(path),
                            .authority = options_.authority,
                            .user_agent = options_.user_agent,
                            .tls = options_.tls,
                            .timeout = timeout};
  return session_->StartCall(head, metadata);
}

std::unique_ptr<PacketStream> GrpcChannel::OpenStream(Metadata metadata) {
  GrpcCall* const call = StartCall("Connect", metadata, absl::InfiniteDuration());
  if (call == nullptr) {
    return std::make_unique<CallPacketStream>(loop_, session_->WhyUnavailable(), std::move(metadata));
  }
  return std::make_unique<CallPacketStream>(loop_, *call, std::move(metadata));
}

void GrpcChannel::CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                            absl::Duration timeout) {
  GrpcCall* const call = StartCall(path, metadata, timeout);
  if (call == nullptr) {
    refused_.push_back(std::move(done));
    RefuseSoon();
    return;
  }
  call->SetOwnedSink(std::make_unique<UnaryRequest>(std::move(done)));
  call->SendMessage(std::move(request));
  call->Finish(absl::OkStatus());
}

// One at a time: any of them may destroy the channel.
void GrpcChannel::RefuseSoon() {
  if (refused_.empty()) return;
  refused_timer_ = loop_.After(absl::ZeroDuration(), [this] {
    OnUnaryDone done = std::move(refused_.front());
    refused_.erase(refused_.begin());
    const absl::Status why = session_->WhyUnavailable();
    RefuseSoon();
    done(why);
  });
}

void GrpcChannel::SetPingInterval(absl::Duration interval) { session_->SetPingInterval(interval); }
bool GrpcChannel::accepts_streams() const { return session_->accepts_calls(); }
size_t GrpcChannel::held_bytes() const { return session_->held_bytes(); }

void GrpcChannel::OnCall(Http2Session&, GrpcCall&) {}  // nobody calls a dialler

void GrpcChannel::OnSessionClosed(Http2Session&, const absl::Status& reason) {
  if (on_closed_ == nullptr) return;
  OnClosed on_closed = std::move(on_closed_);  // it may destroy this channel
  on_closed(reason);
}

}  // namespace hoop

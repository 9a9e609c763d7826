#include "transport/grpc/grpc_cpp_channel.h"

#include <grpcpp/generic/generic_stub.h>

#include <utility>
#include <vector>

#include "base/limits/http2.h"
#include "base/status.h"
#include "transport/grpc/bidi_call.h"
#include "transport/grpc/grpc_cpp_stream.h"
#include "transport/grpc_text.h"
#include "transport/unary_reply.h"

namespace hoop {

// Waits for the one answer. Owned by its channel; tells by itself when it was never started.
class GrpcCppChannel::UnaryCall final : private BidiCall::Listener {
 public:
  UnaryCall(GrpcCppChannel& channel, OnUnaryDone done) : channel_(channel), reply_(std::move(done)) {}
  ~UnaryCall() {
    if (call_ != nullptr) call_->Abandon();
  }

  void Start(grpc::GenericStub& stub, const std::string& method, const Metadata& metadata, std::string request,
             absl::Duration timeout) {
    call_ = BidiCall::Start(channel_.calls_, stub, method, metadata, timeout, *this);
    call_->Write(std::move(request));
  }
  // Ends here and now; told in a later turn.
  void Fail(const absl::Status& why) {
    if (call_ != nullptr) std::exchange(call_, nullptr)->Abandon();
    refusal_ = channel_.calls_->loop().After(absl::ZeroDuration(), [this, why] { OnEnd(why); });
  }

 private:
  void OnMessage(std::string message) override {
    if (const absl::Status status = reply_.Take(std::move(message)); !status.ok()) {
      std::exchange(call_, nullptr)->Abandon();
      return OnEnd(status);
    }
    call_->Read();
  }
  void OnWritten() override { call_->WritesDone(); }
  void OnEnd(const absl::Status& status) override {
    call_.reset();
    for (auto own = channel_.unary_calls_.begin(); own != channel_.unary_calls_.end(); ++own) {
      if (own->get() != this) continue;
      channel_.calls_->loop().DestroyLater(std::move(channel_.unary_calls_.extract(own).value()));
      break;
    }
    reply_.Tell(status);
  }

  GrpcCppChannel& channel_;
  UnaryReply reply_;
  std::shared_ptr<BidiCall> call_;
  std::unique_ptr<Timer> refusal_;
};

GrpcCppChannel::GrpcCppChannel(std::shared_ptr<PendingCalls> calls, std::shared_ptr<grpc::Channel> channel,
                               std::string peer)
    : calls_(std::move(calls)), channel_(std::move(channel)), peer_(std::move(peer)) {}

GrpcCppChannel::~GrpcCppChannel() {
  for (GrpcCppStream* stream : streams_) stream->ForgetChannel();
  EndStreams(Unavailable("channel closed"));
}

void GrpcCppChannel::EndStreams(const absl::Status& reason) {
  for (GrpcCppStream* stream : streams_) stream->Fail(reason);
}

bool GrpcCppChannel::accepts_streams() const {
  return broken_.ok() && channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

absl::Status GrpcCppChannel::WhyUnavailable() const {
  if (!broken_.ok()) return broken_;
  return Unavailable("connection to {}: closed", peer_);
}

std::unique_ptr<PacketStream> GrpcCppChannel::OpenStream(Metadata metadata) {
  auto stream = std::make_unique<GrpcCppStream>(calls_->loop(), this, std::move(metadata));
  if (accepts_streams()) {
    grpc::GenericStub stub(channel_);
    stream->Open(calls_, stub);
  } else {
    stream->Fail(WhyUnavailable());
  }
  return stream;
}

void GrpcCppChannel::CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                               absl::Duration timeout) {
  if (accepts_streams()) return StartUnary(path, metadata, std::move(request), std::move(done), timeout);
  auto call = std::make_unique<UnaryCall>(*this, std::move(done));
  call->Fail(WhyUnavailable());
  unary_calls_.insert(std::move(call));
}

void GrpcCppChannel::StartUnary(std::string_view path, const Metadata& metadata, std::string request, OnUnaryDone done,
                                absl::Duration timeout) {
  grpc::GenericStub stub(channel_);
  auto call = std::make_unique<UnaryCall>(*this, std::move(done));
  call->Start(stub, std::string(kGrpcService).append(path), metadata, std::move(request), timeout);
  unary_calls_.insert(std::move(call));
}

void GrpcCppChannel::Connect(absl::Duration timeout, absl::AnyInvocable<void(const absl::Status&)> done) {
  StartUnary(
      "HealthCheck", {}, "",
      [done = std::move(done)](const absl::StatusOr<std::string>& answer) mutable {
        const bool is_answer = !absl::IsUnavailable(answer.status()) && !absl::IsDeadlineExceeded(answer.status());
        done(is_answer ? absl::OkStatus() : answer.status());
      },
      timeout);
}

void GrpcCppChannel::Ask(absl::AnyInvocable<void()> answered) {
  CallUnary("HealthCheck", {}, "", [answered = std::move(answered)](const absl::StatusOr<std::string>& answer) mutable {
    if (!absl::IsUnavailable(answer.status())) answered();
  });
}

void GrpcCppChannel::SetPingInterval(absl::Duration interval) {
  ping_interval_ = interval;
  questions_unanswered_ = 0;
  ping_timer_.reset();
  if (interval > absl::ZeroDuration()) ping_timer_ = calls_->loop().After(interval, [this] { KeepAlive(); });
}

void GrpcCppChannel::KeepAlive() {
  if (questions_unanswered_ >= limits::kPingsUnansweredMax) {
    broken_ = Unavailable("connection to {}: {} pings unanswered", peer_, questions_unanswered_);
    EndStreams(broken_);
    for (const auto& call : unary_calls_) call->Fail(broken_);
    return;
  }
  ++questions_unanswered_;
  Ask([this] { questions_unanswered_ = 0; });
  ping_timer_ = calls_->loop().After(ping_interval_, [this] { KeepAlive(); });
}

}  // namespace hoop

#include "transport/grpc/grpc_cpp_stream.h"

#include <utility>

#include "base/limits/session.h"
#include "base/limits/wire.h"
#include "base/status.h"
#include "transport/grpc/grpc_cpp_channel.h"
#include "transport/grpc_text.h"

namespace hoop {

GrpcCppStream::GrpcCppStream(Loop& loop, GrpcCppChannel* channel, Metadata metadata)
    : loop_(loop), channel_(channel), metadata_(std::move(metadata)), anchor_(std::make_shared<Anchor>(Anchor{this})) {
  if (channel_ != nullptr) channel_->AddStream(*this);
}

GrpcCppStream::~GrpcCppStream() {
  anchor_->stream = nullptr;
  if (call_ != nullptr) call_->Abandon();
  if (channel_ != nullptr) channel_->RemoveStream(*this);
}

void GrpcCppStream::Open(std::shared_ptr<PendingCalls> calls, grpc::GenericStub& stub) {
  call_ = BidiCall::Start(std::move(calls), stub, std::string(kGrpcService) + "Connect", metadata_,
                          absl::InfiniteDuration(), *this);
}

void GrpcCppStream::Fail(const absl::Status& status) {
  if (end_.has_value()) return;
  if (call_ != nullptr) std::exchange(call_, nullptr)->Abandon();
  waiting_.reset();
  DropOutgoing();
  end_ = status;
  DeliverSoon();
}

// --- Incoming ---

void GrpcCppStream::SetReceiver(Receiver* receiver) {
  receiver_ = receiver;
  DeliverSoon();
}

void GrpcCppStream::SetReading(bool reading) {
  reading_ = reading;
  DeliverSoon();
}

void GrpcCppStream::DeliverSoon() {
  if (receiver_ == nullptr || delivery_timer_ != nullptr ||
      (!waiting_.has_value() && (!end_.has_value() || end_told_))) {
    return;
  }
  delivery_timer_ = loop_.After(absl::ZeroDuration(), [this] { Deliver(); });
}

void GrpcCppStream::Deliver() {
  delivery_timer_.reset();
  const std::shared_ptr<Anchor> anchor = anchor_;
  if (waiting_.has_value() && CanDeliver()) TellPacket(*std::exchange(waiting_, std::nullopt));
  if (anchor->stream != nullptr) TellEnd();
}

void GrpcCppStream::OnMessage(std::string message) {
  if (CanDeliver()) {
    TellPacket(std::move(message));
  } else {
    waiting_ = std::move(message);
  }
}

void GrpcCppStream::TellPacket(std::string message) {
  auto packet = Packet::Parse(std::move(message));
  if (!packet.ok()) return Fail(UnmarshalError(packet.status()));
  if (call_ != nullptr) call_->Read();  // first: the receiver may destroy this
  receiver_->OnPacket(*std::move(packet));
}

void GrpcCppStream::OnEnd(const absl::Status& status) {
  call_.reset();
  if (end_.has_value()) return;
  DropOutgoing();
  end_ = status;
  TellEnd();
}

void GrpcCppStream::TellEnd() {
  if (receiver_ == nullptr || waiting_.has_value() || !end_.has_value() || end_told_) return;
  end_told_ = true;
  receiver_->OnEnd(*end_);
}

// --- Outgoing ---

void GrpcCppStream::Send(Packet packet) {
  if (finished_ || end_.has_value()) return;
  if (packet.size() > limits::kMessageSendBytesMax) {
    return Fail(ResourceExhausted("grpc: trying to send message larger than max ({} vs. {})", packet.size(),
                                  limits::kMessageSendBytesMax));
  }
  queued_bytes_ += kGrpcPrefixBytes + packet.size();
  if (queued_bytes_ > limits::kSendQueueHighBytes) above_high_ = true;
  outgoing_.push_back(std::move(packet).TakeBytes());
  FlushSoon();
}

void GrpcCppStream::Finish(const absl::Status&) {
  if (finished_ || end_.has_value()) return;
  finished_ = true;
  FlushSoon();
}

void GrpcCppStream::FlushSoon() {
  if (std::exchange(flush_planned_, true)) return;
  loop_.AtTurnEnd(TurnPhase::kSend, [anchor = anchor_] {
    if (anchor->stream == nullptr) return;
    anchor->stream->flush_planned_ = false;
    anchor->stream->WriteNext();
  });
}

void GrpcCppStream::WriteNext() {
  if (call_ == nullptr || written_bytes_ != 0) return;
  if (!outgoing_.empty()) {
    written_bytes_ = kGrpcPrefixBytes + outgoing_.front().size();
    call_->Write(std::move(outgoing_.front()));
    outgoing_.pop_front();
  } else if (finished_ && !std::exchange(half_closed_, true)) {
    call_->WritesDone();
  }
}

void GrpcCppStream::OnWritten() {
  queued_bytes_ -= std::exchange(written_bytes_, 0);
  WriteNext();
  if (above_high_ && queued_bytes_ < limits::kSendQueueLowBytes) {
    above_high_ = false;
    if (receiver_ != nullptr) receiver_->OnDrained();
  }
}

void GrpcCppStream::DropOutgoing() {
  outgoing_.clear();
  queued_bytes_ = written_bytes_ = 0;
}

void GrpcCppStream::Ping(absl::AnyInvocable<void()> answered) {
  if (channel_ == nullptr || end_.has_value()) return;
  channel_->Ask([anchor = anchor_, answered = std::move(answered)]() mutable {
    if (anchor->stream != nullptr) answered();
  });
}

}  // namespace hoop

#include "transport/call_packet_stream.h"

#include <utility>

#include "transport/grpc_text.h"

namespace hoop {

CallPacketStream::CallPacketStream(Loop& loop, GrpcCall& call, Metadata metadata)
    : loop_(loop), metadata_(std::move(metadata)) {
  call.SetSink(*this, /*reading=*/false);
}

CallPacketStream::CallPacketStream(Loop& loop, const absl::Status& end, Metadata metadata)
    : loop_(loop), metadata_(std::move(metadata)), untold_end_(std::make_unique<absl::Status>(end)) {}

void CallPacketStream::SetReceiver(Receiver* receiver) {
  receiver_ = receiver;
  if (call() != nullptr) call()->SetReading(reading_ && receiver_ != nullptr);
  if (untold_end_ != nullptr && receiver_ != nullptr) {
    end_timer_ = loop_.After(absl::ZeroDuration(), [this] {
      if (receiver_ == nullptr) return;
      const std::unique_ptr<absl::Status> end = std::move(untold_end_);
      receiver_->OnEnd(*end);
    });
  }
}

void CallPacketStream::Send(Packet packet) {
  if (call() != nullptr) call()->SendMessage(std::move(packet).TakeBytes());
}

void CallPacketStream::SetReading(bool reading) {
  reading_ = reading;
  if (call() != nullptr) call()->SetReading(reading_ && receiver_ != nullptr);
}

void CallPacketStream::Ping(absl::AnyInvocable<void()> answered) {
  if (call() != nullptr && call()->Ping()) pings_.push_back(std::move(answered));
}

void CallPacketStream::Finish(const absl::Status& status) {
  if (call() != nullptr) call()->Finish(status);
}

void CallPacketStream::OnMessage(std::string message) {
  auto packet = Packet::Parse(std::move(message));
  if (packet.ok()) {
    receiver_->OnPacket(*std::move(packet));
    return;
  }
  call()->Fail(UnmarshalError(packet.status()));
}

void CallPacketStream::OnEnd(const absl::Status& status) {
  if (receiver_ != nullptr) {
    receiver_->OnEnd(status);
  } else {
    untold_end_ = std::make_unique<absl::Status>(status);
  }
}

void CallPacketStream::OnDrained() {
  if (receiver_ != nullptr) receiver_->OnDrained();
}

void CallPacketStream::OnPong() {
  if (pings_.empty()) return;
  auto answered = std::move(pings_.front());
  pings_.erase(pings_.begin());
  answered();
}

}  // namespace hoop

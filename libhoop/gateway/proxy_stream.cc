#include "gateway/proxy_stream.h"

#include <utility>

#include "wire/packet_types.h"

namespace hoop {

ProxyStream::ProxyStream(Loop& loop, std::unique_ptr<PacketStream> stream, Metadata metadata, Packet open, Hooks hooks)
    : loop_(loop),
      stream_(std::move(stream)),
      metadata_(std::move(metadata)),
      open_(std::move(open)),
      hooks_(std::move(hooks)) {
  stream_->SetReading(false);
  stream_->SetReceiver(this);
}

ProxyStream::~ProxyStream() = default;

void ProxyStream::SetReceiver(PacketStream::Receiver* receiver) {
  receiver_ = receiver;
  Update();
}

void ProxyStream::SetReading(bool reading) {
  reading_ = reading;
  Update();
}

// Whoever reads gets the open first, in a turn of its own, as if it had come from outside.
void ProxyStream::Update() {
  const bool delivers = receiver_ != nullptr && reading_;
  stream_->SetReading(delivers && !open_);
  if (!delivers || !open_) return open_timer_.reset();
  open_timer_ = loop_.After(absl::ZeroDuration(), [this] {
    Packet open = *std::exchange(open_, std::nullopt);
    stream_->SetReading(true);
    receiver_->OnPacket(std::move(open));
  });
}

void ProxyStream::Send(Packet packet) {
  const bool opens = packet.type() == packet::kClientSessionOpenOk;
  began_ = began_ || packet.type() == packet::kClientSessionClose;
  stream_->Send(std::move(packet));
  if (opens) hooks_.opened();
}

void ProxyStream::Finish(const absl::Status& status) {
  stream_->Finish(status);
  TellEnd(status);
}

void ProxyStream::TellEnd(const absl::Status& status) {
  if (auto ended = std::exchange(hooks_.ended, nullptr); ended != nullptr) ended(began_, status);
}

void ProxyStream::OnEnd(const absl::Status& status) {
  TellEnd(status);
  if (receiver_ != nullptr) receiver_->OnEnd(status);  // last: it may destroy this
}

}  // namespace hoop

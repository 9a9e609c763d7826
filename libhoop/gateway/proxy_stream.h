// The stream of a background process while a session runs on it that REST ordered: says the open which other clients
// say themselves, and tells what becomes of the session. Made by proxy_manager_entry, owned by the session.
#pragma once

#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "base/loop.h"
#include "wire/packet_stream.h"

namespace hoop {

// Loop thread only. Somebody receives from the turn on in which it was made until it is refused or destroyed.
class ProxyStream final : public PacketStream, private PacketStream::Receiver {
 public:
  struct Hooks {
    absl::AnyInvocable<void()> opened;  // the client hears that the session is open
    // Once, last: the gateway ended the stream, or the client left. `began`: a session told how it ended.
    absl::AnyInvocable<void(bool began, const absl::Status&)> ended;
  };
  // `stream` was accepted and is not read by anybody; `metadata` says what its user wants now.
  ProxyStream(Loop& loop, std::unique_ptr<PacketStream> stream, Metadata metadata, Packet open, Hooks hooks);
  ~ProxyStream() override;

  const Metadata& metadata() const override { return metadata_; }
  void SetReceiver(PacketStream::Receiver* receiver) override;
  void Send(Packet packet) override;
  size_t queued_bytes() const override { return stream_->queued_bytes(); }
  void SetReading(bool reading) override;
  void Ping(absl::AnyInvocable<void()> answered) override { stream_->Ping(std::move(answered)); }
  void Finish(const absl::Status& status) override;

 private:
  void OnPacket(Packet packet) override { receiver_->OnPacket(std::move(packet)); }
  void OnPeerDone() override {
    if (receiver_ != nullptr) receiver_->OnPeerDone();
  }
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override {
    if (receiver_ != nullptr) receiver_->OnDrained();
  }

  void Update();
  void TellEnd(const absl::Status& status);

  Loop& loop_;
  const std::unique_ptr<PacketStream> stream_;
  const Metadata metadata_;
  std::optional<Packet> open_;  // until it is said
  Hooks hooks_;
  PacketStream::Receiver* receiver_ = nullptr;
  bool reading_ = true;
  bool began_ = false;
  std::unique_ptr<Timer> open_timer_;
};

}  // namespace hoop

// A PacketStream on a GrpcCall, for either end. Made by GrpcServer and GrpcChannel.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/loop.h"
#include "transport/grpc_call.h"
#include "wire/packet_stream.h"

namespace hoop {

// Owned by who got it; may outlive its call, session and connection (not the loop). Loop thread only.
class CallPacketStream final : public PacketStream, private CallSink {
 public:
  CallPacketStream(Loop& loop, GrpcCall& call, Metadata metadata);
  // A stream that is over before it began.
  CallPacketStream(Loop& loop, const absl::Status& end, Metadata metadata);

  const Metadata& metadata() const override { return metadata_; }
  Metadata TakeMetadata() override { return std::exchange(metadata_, {}); }
  void SetReceiver(Receiver* receiver) override;
  void Send(Packet packet) override;
  size_t queued_bytes() const override { return call() != nullptr ? call()->queued_bytes() : 0; }
  void SetReading(bool reading) override;
  void Ping(absl::AnyInvocable<void()> answered) override;
  void Finish(const absl::Status& status) override;

 private:
  void OnMessage(std::string message) override;
  void OnPeerDone() override { receiver_->OnPeerDone(); }
  void OnEnd(const absl::Status& status) override;
  void OnDrained() override;
  void OnPong() override;

  Loop& loop_;
  Metadata metadata_;
  Receiver* receiver_ = nullptr;
  bool reading_ = true;
  std::vector<absl::AnyInvocable<void()>> pings_;  // the oldest first
  std::unique_ptr<absl::Status> untold_end_;       // came while there was no receiver
  std::unique_ptr<Timer> end_timer_;
};

}  // namespace hoop

// A PacketStream on a call of gRPC C++. Made by GrpcCppChannel.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "transport/grpc/bidi_call.h"
#include "wire/packet_stream.h"

namespace hoop {

class GrpcCppChannel;

// Owned by who got it; may outlive its channel (not the loop). Loop thread only. Holds one received packet while
// nobody reads; what else comes waits in gRPC's window. An end is told after that packet.
class GrpcCppStream final : public PacketStream, private BidiCall::Listener {
 public:
  // The call is started by Open(); without it the stream is over with `end` from the beginning.
  GrpcCppStream(Loop& loop, GrpcCppChannel* channel, Metadata metadata);
  ~GrpcCppStream() override;

  void Open(std::shared_ptr<PendingCalls> calls, grpc::GenericStub& stub);
  // Ends here and now, whatever the peer says; told in a later turn.
  void Fail(const absl::Status& status);
  void ForgetChannel() { channel_ = nullptr; }

  const Metadata& metadata() const override { return metadata_; }
  Metadata TakeMetadata() override { return std::move(metadata_); }
  void SetReceiver(Receiver* receiver) override;
  void Send(Packet packet) override;
  size_t queued_bytes() const override { return queued_bytes_; }
  void SetReading(bool reading) override;
  void Ping(absl::AnyInvocable<void()> answered) override;
  void Finish(const absl::Status& status) override;

 private:
  // Tasks of the loop hold it; it forgets the stream that is destroyed.
  struct Anchor {
    GrpcCppStream* stream;
  };

  void OnMessage(std::string message) override;
  void OnWritten() override;
  void OnEnd(const absl::Status& status) override;

  bool CanDeliver() const { return receiver_ != nullptr && reading_; }
  void DeliverSoon();
  void Deliver();
  void TellPacket(std::string message);
  void TellEnd();
  void FlushSoon();
  void WriteNext();
  void DropOutgoing();

  Loop& loop_;
  GrpcCppChannel* channel_;  // null once it is gone
  Metadata metadata_;
  const std::shared_ptr<Anchor> anchor_;
  std::shared_ptr<BidiCall> call_;  // null: over
  Receiver* receiver_ = nullptr;
  bool reading_ = true;
  std::optional<std::string> waiting_;  // came while nobody read
  std::optional<absl::Status> end_;
  bool end_told_ = false;
  std::unique_ptr<Timer> delivery_timer_;

  std::deque<std::string> outgoing_;
  size_t written_bytes_ = 0;  // of the message that gRPC has and that has not left; 0: none
  size_t queued_bytes_ = 0;
  bool above_high_ = false;
  bool finished_ = false;
  bool half_closed_ = false;
  bool flush_planned_ = false;
};

}  // namespace hoop

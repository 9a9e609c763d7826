// A command that a host serves on a socket: the socket is its input and output, the channel its error output and code.
#include <utility>

#include "agent/connectors/host_targets.h"
#include "agent/connectors/target_socket.h"
#include "base/limits/session.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// Ends when the host's side of the socket sends no more and its error output has left.
class HostSocketCommand final : public Target, private TargetSocket::Events {
 public:
  HostSocketCommand(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel, std::unique_ptr<ByteStream> socket,
                    Line& line, Ended ended)
      : chunks_(seat.granted.chunks),
        channel_(std::move(channel)),
        line_(line),
        ended_(std::move(ended)),
        socket_(seat.context.loop, std::move(socket), line, *this) {
    channel_->Attach([this] { SendErrors(); });
  }
  ~HostSocketCommand() override { channel_->Close(); }

  void OnPacket(Packet packet) override {
    if (input_complete_) return;
    input_complete_ = !chunks_ || !packet.Spec(spec::kMore);
    socket_.Write(std::move(packet));
    if (input_complete_) socket_.FinishWriting();
  }

  void OnLineDrained() override {
    socket_.OnLineDrained();
    SendErrors();
  }

  void OnUserClosed() override {}  // a command has no connection id that could be closed

 private:
  void SendErrors() {
    while (line_.queued_bytes() <= limits::kSendQueueHighBytes) {
      const std::optional<HostChannel::Piece> piece = channel_->Take();
      if (!piece) break;
      line_.Send(packet::kClientWriteStderr, piece->bytes);
    }
    if (!output_ended_ || !ended_ || !channel_->IsEmpty()) return;
    const HostChannel::State state = channel_->state();
    channel_->Close();
    std::exchange(ended_, nullptr)(state.end.value_or(TargetEnd{}));
  }

  void OnTargetBytes(std::string_view bytes) override { line_.Send(packet::kClientWriteStdout, bytes); }
  void OnTargetEnd() override {
    output_ended_ = true;
    SendErrors();
  }
  void OnTargetBroken(const absl::Status&) override { OnTargetEnd(); }

  const bool chunks_;
  const std::shared_ptr<HostChannel> channel_;
  Line& line_;
  Ended ended_;
  bool input_complete_ = false;
  bool output_ended_ = false;
  TargetSocket socket_;
};

}  // namespace

std::unique_ptr<Target> MakeHostSocketCommand(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel,
                                              std::unique_ptr<ByteStream> socket, Line& line, Target::Ended ended) {
  return std::make_unique<HostSocketCommand>(seat, std::move(channel), std::move(socket), line, std::move(ended));
}

}  // namespace hoop

#include "agent/connectors/tcp.h"

#include <optional>
#include <utility>

#include "agent/connectors/target_socket.h"
#include "base/fifo.h"
#include "base/limits/agent.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// One connection id. Ends when the target is gone, or when the user is and the target has what he sent.
class TcpTarget final : public Target, public TargetSocket::Events {
 public:
  TcpTarget(AgentContext& context, const Address& address, bool half_closes, Line& line, Ended ended)
      : loop_(context.loop), half_closes_(half_closes), line_(line), ended_(std::move(ended)) {
    line_.SetReading(false);  // what comes before the target answers waits where it is
    dialing_ = Dial(loop_, address, limits::kTargetDialTime,
                    [this](absl::StatusOr<std::unique_ptr<ByteStream>> stream) { OnDialled(std::move(stream)); });
  }

  TcpTarget(EventLoop& loop, std::unique_ptr<ByteStream> socket, bool half_closes, Line& line, Ended ended)
      : loop_(loop),
        half_closes_(half_closes),
        line_(line),
        ended_(std::move(ended)),
        socket_(std::make_unique<TargetSocket>(loop, std::move(socket), line, *this)) {}

  void OnPacket(Packet packet) override {
    if (socket_ == nullptr) {
      early_.push_back(std::move(packet));
      return;
    }
    if (packet.Spec(spec::kFin) && half_closes_) {
      user_done_ = true;
      return target_done_ ? CloseInOrder() : socket_->FinishWriting();
    }
    socket_->Write(std::move(packet));
  }

  void OnLineDrained() override {
    if (socket_ != nullptr) socket_->OnLineDrained();
  }

  void OnUserClosed() override {
    if (socket_ == nullptr) return End("");
    CloseInOrder();
  }

 private:
  void OnDialled(absl::StatusOr<std::unique_ptr<ByteStream>> stream) {
    if (!stream.ok()) return End("failed connecting to internal service, reason=" + StatusText(stream.status()));
    socket_ = std::make_unique<TargetSocket>(loop_, *std::move(stream), line_, *this);
    Fifo<Packet> early = std::exchange(early_, {});
    for (Packet& packet : early) OnPacket(std::move(packet));
    socket_->StartLine();
  }

  void CloseInOrder() {
    socket_->CloseWhenWritten([this] { End(""); });
  }

  void OnTargetBytes(std::string_view bytes) override { line_.Send(packet::kClientTcpWrite, bytes); }

  void OnTargetEnd() override {
    target_done_ = true;
    if (!half_closes_) return End("");
    if (user_done_) return CloseInOrder();
    line_.Send(packet::kClientTcpWrite, "", {{spec::kFin, ""}});
  }

  void OnTargetBroken(const absl::Status& why) override { End(StatusText(why)); }

  void End(std::string text) {
    if (ended_) std::exchange(ended_, nullptr)(TargetEnd{.text = std::move(text)});
  }

  EventLoop& loop_;
  const bool half_closes_;
  Line& line_;
  Ended ended_;
  bool user_done_ = false;
  bool target_done_ = false;
  Fifo<Packet> early_;  // one stream window at most: the line is not read meanwhile
  std::unique_ptr<TargetSocket> socket_;
  std::unique_ptr<Dialing> dialing_;
};

class TcpConnector final : public Connector {
 public:
  TcpConnector(const ConnectorSeat& seat, Address address)
      : context_(seat.context), half_closes_(seat.granted.streams), address_(std::move(address)) {}

  bool Takes(std::string_view packet_type) const override { return packet_type == packet::kAgentTcpWrite; }
  bool has_connection_ids() const override { return true; }
  std::unique_ptr<Target> Start(Line& line, Target::Ended ended) override {
    return std::make_unique<TcpTarget>(context_, address_, half_closes_, line, std::move(ended));
  }

 private:
  AgentContext& context_;
  const bool half_closes_;
  const Address address_;
};

}  // namespace

std::unique_ptr<Target> MakeSocketTarget(const ConnectorSeat& seat, std::unique_ptr<ByteStream> socket, Line& line,
                                         Target::Ended ended) {
  return std::make_unique<TcpTarget>(seat.context.loop, std::move(socket), seat.granted.streams, line,
                                     std::move(ended));
}

absl::StatusOr<std::unique_ptr<Connector>> MakeTcpConnector(ConnectorSeat seat) {
  HOOP_ASSIGN_OR_RETURN(std::optional<Address> address, LivenessAddress(seat.params, seat.environment));
  return std::make_unique<TcpConnector>(seat, *std::move(address));
}

}  // namespace hoop

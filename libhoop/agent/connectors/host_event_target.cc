// A stream that a host serves by events: the user's bytes become calls, what the host wrote is taken from its channel.
#include <utility>

#include "agent/connectors/host_targets.h"
#include "base/fifo.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// One byte stream or command. Ends when the host says so; a byte stream also when both sides have finished, or when
// the user is gone and the host has what he sent.
class HostEventTarget final : public Target {
 public:
  HostEventTarget(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel,
                  std::unique_ptr<HostStreamEvents> events, Line& line, Ended ended)
      : loop_(seat.context.loop),
        granted_(seat.granted),
        is_command_(channel->call().is_command),
        channel_(std::move(channel)),
        events_(std::move(events)),
        line_(line),
        ended_(std::move(ended)) {
    channel_->Attach([this] {
      SendOutput();
      DeliverInput();
    });
  }

  ~HostEventTarget() override {
    channel_->Close();
    if (ended_) events_->OnClosed(Unavailable("the session is over"));
  }

  void OnPacket(Packet packet) override {
    if (user_done_) return;
    user_done_ =
        is_command_ ? !granted_.chunks || !packet.Spec(spec::kMore) : granted_.streams && packet.Spec(spec::kFin);
    if (!packet.payload().empty()) input_.push_back(std::move(packet));
    DeliverInput();
  }

  void OnLineDrained() override { SendOutput(); }

  void OnUserClosed() override {
    user_done_ = user_gone_ = true;
    // A host that wants nothing any more does not keep what is left for ever.
    patience_ = loop_.After(limits::kCloseGraceTime, [this] { End({}); });
    DeliverInput();
  }

 private:
  // For as long as the host wants more.
  void DeliverInput() {
    if (!ended_) return;
    bool reading = channel_->state().reading;
    while (reading && !input_.empty()) {
      const Packet packet = std::move(input_.front());
      input_.pop_front();
      line_.NoteProgress();
      events_->OnData(packet.payload());
      reading = channel_->state().reading;
    }
    if (std::exchange(line_reading_, reading) != reading) line_.SetReading(reading);
    if (!user_done_ || !input_.empty() || std::exchange(finish_told_, true)) return;
    events_->OnFinish();
    EndIfBothAreDone();
  }

  // For as long as the line takes more.
  void SendOutput() {
    if (!ended_) return;
    while (line_.queued_bytes() <= limits::kSendQueueHighBytes) {
      const std::optional<HostChannel::Piece> piece = channel_->Take();
      if (!piece) break;
      const packet::Type plain = is_command_ ? packet::kClientWriteStdout : packet::kClientTcpWrite;
      line_.Send(piece->is_error ? packet::kClientWriteStderr : plain, piece->bytes);
    }
    if (channel_->TakeWritable()) events_->OnWritable();
    const HostChannel::State state = channel_->state();
    if (state.end) return End(*state.end);
    if (!state.finished || is_command_ || std::exchange(host_done_, true)) return;
    if (!granted_.streams) return End({});
    if (!finish_told_) line_.Send(packet::kClientTcpWrite, "", {{spec::kFin, ""}});
    EndIfBothAreDone();
  }

  void EndIfBothAreDone() {
    if (finish_told_ && (user_gone_ || host_done_)) End({});
  }

  void End(TargetEnd end) {
    if (!ended_) return;
    patience_.reset();
    channel_->Close();
    events_->OnClosed(absl::OkStatus());
    std::exchange(ended_, nullptr)(std::move(end));
  }

  Loop& loop_;
  const Capabilities granted_;
  const bool is_command_;
  const std::shared_ptr<HostChannel> channel_;
  const std::unique_ptr<HostStreamEvents> events_;
  Line& line_;
  Ended ended_;
  Fifo<Packet> input_;  // one stream window at most: the line is not read while the host wants nothing
  bool line_reading_ = true;
  bool user_done_ = false;    // the user sends no more
  bool user_gone_ = false;    // nor does he read
  bool finish_told_ = false;  // which the host has heard
  bool host_done_ = false;    // the host sends no more
  std::unique_ptr<Timer> patience_;
};

}  // namespace

std::unique_ptr<Target> MakeHostEventTarget(const ConnectorSeat& seat, std::shared_ptr<HostChannel> channel,
                                            std::unique_ptr<HostStreamEvents> events, Line& line, Target::Ended ended) {
  return std::make_unique<HostEventTarget>(seat, std::move(channel), std::move(events), line, std::move(ended));
}

}  // namespace hoop

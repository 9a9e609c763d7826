#include "agent/connectors/exec.h"

#include <optional>
#include <utility>

#include "agent/connectors/command.h"
#include "agent/connectors/pipes.h"
#include "agent/warden/warden_link.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

// One run of the command. Ends when the command has exited and both of its outputs are read to the end.
class ExecTarget final : public Target, private Command::Events {
 public:
  ExecTarget(const ConnectorSeat& seat, Line& line, Ended ended)
      : seat_(seat), line_(line), ended_(std::move(ended)), input_(seat.context.loop, [this] { OnInputTaken(); }) {}

  void OnPacket(Packet packet) override {
    if (input_complete_) return;
    // One packet is the whole input, unless it says that more follows.
    input_complete_ = !seat_.granted.chunks || !packet.Spec(spec::kMore);
    input_.Add(std::move(packet));
    if (input_complete_) input_.Finish();
    if (line_reading_ && input_.queued_bytes() > limits::kSendQueueHighBytes) SetLineReading(false);
    if (!std::exchange(started_, true)) Start();
  }

  void OnLineDrained() override {
    if (output_ != nullptr) output_->SetReading(true);
    if (error_ != nullptr) error_->SetReading(true);
  }

  void OnUserClosed() override {}  // a command has no connection id that could be closed

 private:
  void Start() {
    const absl::StatusOr<Launch> launch = MakeLaunch(seat_, {});
    if (!launch.ok()) return End(NotConfigured(launch.status()));
    auto command = seat_.context.warden.Run(*launch, *this);
    if (!command.ok()) {
      return End({kAgentErrorCode, "failed starting command, reason=" + StatusText(command.status())});
    }
    command_ = *std::move(command);
  }

  void OnStarted(Descriptor input, Descriptor output, Descriptor error) override {
    input_.Open(std::move(input));
    OnInputTaken();
    output_ = MakeReader(std::move(output), packet::kClientWriteStdout);
    error_ = MakeReader(std::move(error), packet::kClientWriteStderr);
  }

  std::unique_ptr<PipeReader> MakeReader(Descriptor pipe, packet::Type type) {
    return std::make_unique<PipeReader>(
        seat_.context.loop, std::move(pipe), [this, type](std::string_view bytes) { OnOutput(type, bytes); },
        [this] { EndIfDone(); });
  }

  void OnOutput(packet::Type type, std::string_view bytes) {
    line_.Send(type, bytes);
    if (line_.queued_bytes() <= limits::kSendQueueHighBytes) return;
    output_->SetReading(false);
    error_->SetReading(false);
  }

  void OnNotStarted(const absl::Status& why) override { End(NotStarted(why)); }

  void OnExited(int wait_status) override {
    end_ = CommandEnd(wait_status);
    input_.Close();
    OnInputTaken();
    EndIfDone();
  }

  void OnGone(const absl::Status& status) override {
    if (!end_) end_ = CommandLost(status);
    if (output_ == nullptr) return End(*std::move(end_));
    // All that its processes ever wrote is in the pipes by now.
    output_->EndWhenEmpty();
    if (ended_) error_->EndWhenEmpty();
  }

  void OnInputTaken() {
    line_.NoteProgress();
    if (!line_reading_ && input_.queued_bytes() <= limits::kSendQueueLowBytes) SetLineReading(true);
  }

  void SetLineReading(bool reading) {
    line_reading_ = reading;
    line_.SetReading(reading);
  }

  void EndIfDone() {
    if (!end_ || output_->is_open() || error_->is_open()) return;
    End(*std::move(end_));
  }

  void End(TargetEnd end) {
    command_.reset();
    if (ended_) std::exchange(ended_, nullptr)(std::move(end));
  }

  const ConnectorSeat& seat_;
  Line& line_;
  Ended ended_;
  bool started_ = false;
  PipeWriter input_;
  bool input_complete_ = false;
  bool line_reading_ = true;
  std::optional<TargetEnd> end_;  // once the command has exited
  std::unique_ptr<PipeReader> output_;
  std::unique_ptr<PipeReader> error_;
  std::unique_ptr<Command> command_;
};

class ExecConnector final : public Connector {
 public:
  explicit ExecConnector(ConnectorSeat seat) : seat_(std::move(seat)) {}

  bool Takes(std::string_view packet_type) const override { return packet_type == packet::kAgentExecWriteStdin; }
  bool has_connection_ids() const override { return false; }
  std::unique_ptr<Target> Start(Line& line, Target::Ended ended) override {
    return std::make_unique<ExecTarget>(seat_, line, std::move(ended));
  }

 private:
  const ConnectorSeat seat_;
};

}  // namespace

std::unique_ptr<Connector> MakeExecConnector(ConnectorSeat seat) {
  return std::make_unique<ExecConnector>(std::move(seat));
}

}  // namespace hoop

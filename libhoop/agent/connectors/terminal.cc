#include "agent/connectors/terminal.h"

#include <optional>
#include <utility>

#include "agent/connectors/command.h"
#include "agent/connectors/pipes.h"
#include "agent/warden/command_io.h"
#include "agent/warden/warden_link.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

// For every command on a terminal, unless the session says otherwise: what programs draw for, and that text is UTF-8.
std::map<std::string, std::string> TerminalDefaults(const SessionEnvironment& environment) {
  std::map<std::string, std::string> defaults = {{"TERM", "xterm-256color"}};
  const auto& variables = environment.variables;
  const bool has_locale = variables.contains("LANG") || variables.contains("LC_ALL") || variables.contains("LC_CTYPE");
  if (!has_locale) defaults.emplace("LANG", "C.UTF-8");
  return defaults;
}

// One command on its terminal. What the keys mean - Ctrl-C, Ctrl-Z, end of input, echo - is the business of the
// terminal's line discipline: bytes pass as they are. Ends when the command has exited and its output is read to the
// end; destroyed before, the terminal hangs up.
class TerminalTarget final : public Target, private Command::Events {
 public:
  TerminalTarget(const ConnectorSeat& seat, Line& line, Ended ended)
      : seat_(seat), line_(line), ended_(std::move(ended)), input_(seat.context.loop, [this] { OnInputTaken(); }) {}

  void OnPacket(Packet packet) override {
    if (packet.type() == packet::kAgentTerminalResize) return OnResize(packet.payload());
    // The first packet starts the command and is not for it.
    if (!std::exchange(started_, true)) return Start();
    input_.Add(std::move(packet));
    if (line_reading_ && input_.queued_bytes() > limits::kSendQueueHighBytes) SetLineReading(false);
  }

  void OnLineDrained() override {
    if (output_ != nullptr) output_->SetReading(true);
  }

  void OnUserClosed() override {}  // a terminal has no connection id that could be closed

 private:
  // Before the command runs the size is kept for it.
  void OnResize(std::string_view text) {
    const absl::StatusOr<TerminalSize> size = ParseTerminalSize(text);
    const absl::Status status = !size.ok()            ? size.status()
                                : terminal_.is_open() ? SetTerminalSize(terminal_, *size)
                                                      : absl::OkStatus();
    if (size.ok()) size_ = *size;
    if (!status.ok())
      seat_.context.log.Warning("size ignored", "sid", line_.session_id(), "reason", StatusText(status));
  }

  void Start() {
    absl::StatusOr<Launch> launch = MakeLaunch(seat_, TerminalDefaults(seat_.environment));
    if (!launch.ok()) return End(NotConfigured(launch.status()));
    launch->terminal = size_;
    launched_size_ = size_;
    auto command = seat_.context.warden.Run(*launch, *this);
    if (!command.ok()) {
      return End({kAgentErrorCode, "failed starting command, reason=" + StatusText(command.status())});
    }
    command_ = *std::move(command);
  }

  void OnStarted(Descriptor input, Descriptor output, Descriptor terminal) override {
    terminal_ = std::move(terminal);
    if (size_ != launched_size_) OnResize(TerminalSizeText(size_));
    output_ = std::make_unique<PipeReader>(
        seat_.context.loop, std::move(output), [this](std::string_view bytes) { OnOutput(bytes); },
        [this] { EndIfDone(); });
    input_.Open(std::move(input));
    OnInputTaken();
  }

  void OnOutput(std::string_view bytes) {
    line_.Send(packet::kClientWriteStdout, bytes);
    // A user who does not read stops the program, as a terminal does.
    if (line_.queued_bytes() > limits::kSendQueueHighBytes) output_->SetReading(false);
  }

  void OnNotStarted(const absl::Status& why) override { End(NotStarted(why)); }

  void OnExited(int wait_status) override {
    end_ = CommandEnd(wait_status);
    if (end_->exit_code < 0) end_->exit_code = kAgentErrorCode;  // a signal; unlike one-off commands
    input_.Close();
    OnInputTaken();
    EndIfDone();
  }

  void OnGone(const absl::Status& status) override {
    if (!end_) end_ = CommandLost(status);
    if (output_ == nullptr) return End(*std::move(end_));
    output_->EndWhenEmpty();
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
    if (end_ && !output_->is_open()) End(*std::move(end_));
  }

  void End(TargetEnd end) {
    command_.reset();
    if (ended_) std::exchange(ended_, nullptr)(std::move(end));
  }

  const ConnectorSeat& seat_;
  Line& line_;
  Ended ended_;
  bool started_ = false;
  TerminalSize size_;           // the user's
  TerminalSize launched_size_;  // what the command was started with
  Descriptor terminal_;         // to set its size
  PipeWriter input_;
  bool line_reading_ = true;
  std::optional<TargetEnd> end_;  // once the command has exited
  std::unique_ptr<PipeReader> output_;
  std::unique_ptr<Command> command_;
};

class TerminalConnector final : public Connector {
 public:
  explicit TerminalConnector(ConnectorSeat seat) : seat_(std::move(seat)) {}

  bool Takes(std::string_view packet_type) const override {
    return packet_type == packet::kAgentTerminalWriteStdin || packet_type == packet::kAgentTerminalResize;
  }
  bool has_connection_ids() const override { return false; }
  std::unique_ptr<Target> Start(Line& line, Target::Ended ended) override {
    return std::make_unique<TerminalTarget>(seat_, line, std::move(ended));
  }

 private:
  const ConnectorSeat seat_;
};

}  // namespace

std::unique_ptr<Connector> MakeTerminalConnector(ConnectorSeat seat) {
  return std::make_unique<TerminalConnector>(std::move(seat));
}

}  // namespace hoop

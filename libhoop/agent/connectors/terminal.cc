#include "agent/connectors/terminal.h"

#include <utility>

#include "agent/connectors/command_target.h"
#include "agent/warden/command_io.h"
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
// terminal's line discipline: bytes pass as they are. A user who does not read stops the program, as a terminal does.
// Destroyed before its end, the terminal hangs up.
class TerminalTarget final : public CommandTarget {
 public:
  using CommandTarget::CommandTarget;

  void OnPacket(Packet packet) override {
    if (packet.type() == packet::kAgentTerminalResize) return OnResize(packet.payload());
    // The first packet starts the command and is not for it.
    if (!std::exchange(started_, true)) return Start();
    AddInput(std::move(packet));
  }

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
    if (launch.ok()) launch->terminal = size_;
    launched_size_ = size_;
    Run(launch);
  }

  void OnStarted(Descriptor input, Descriptor output, Descriptor terminal) override {
    terminal_ = std::move(terminal);
    if (size_ != launched_size_) OnResize(TerminalSizeText(size_));
    AddOutput(std::move(output), packet::kClientWriteStdout);
    OpenInput(std::move(input));
  }

  TargetEnd EndOf(int wait_status) const override {
    TargetEnd end = CommandEnd(wait_status);
    if (end.exit_code < 0) end.exit_code = kAgentErrorCode;  // a signal; unlike one-off commands
    return end;
  }

  bool started_ = false;
  TerminalSize size_;           // the user's
  TerminalSize launched_size_;  // what the command was started with
  Descriptor terminal_;         // to set its size
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

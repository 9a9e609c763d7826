#include "agent/connectors/exec.h"

#include <sys/wait.h>

#include <cctype>
#include <cstring>
#include <optional>
#include <utility>

#include "agent/connectors/pipes.h"
#include "agent/warden/warden_link.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

constexpr int kAgentError = 254;
constexpr int kNotFoundCode = 127;
constexpr int kNotStartedCode = 1;

// Texts and codes as programs that read them know them: transport.md 4.8.
TargetEnd EndOf(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const char* name = ::sigdescr_np(WTERMSIG(wait_status));
    std::string signal = name != nullptr ? name : fmt::format("signal {}", WTERMSIG(wait_status));
    signal[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(signal[0])));
    return {-1, fmt::format("failed executing command, reason=signal: {}", signal)};
  }
  const int code = WEXITSTATUS(wait_status);
  if (code == 0) return {};
  return {code, fmt::format("failed executing command, reason=exit status {}", code)};
}

Launch MakeLaunch(const ConnectorSeat& seat, std::vector<std::string> arguments,
                  const std::map<std::string, std::string>& variables, std::vector<Launch::SecretFile> files) {
  Launch launch{.arguments = std::move(arguments), .files = std::move(files)};
  std::map<std::string, std::string> all = variables;
  const std::map<std::string, std::string>& own = seat.context.environment;
  if (auto home = own.find("HOME"); home != own.end()) all.insert(*home);  // keeps the connection's
  if (auto path = own.find("PATH"); path != own.end()) all.insert_or_assign("PATH", path->second);
  for (const auto& [name, value] : all) launch.environment.push_back(fmt::format("{}={}", name, value));
  return launch;
}

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
    std::map<std::string, std::string> variables = seat_.environment.variables;
    std::vector<Launch::SecretFile> files;
    for (const auto& [name, content] : seat_.environment.files) {
      files.push_back({seat_.context.warden.NewFileName(), content});
      variables.insert_or_assign(name, seat_.context.warden.PathOf(files.back().name));
    }
    auto arguments = ExpandArguments(seat_.params.command, seat_.params.client_args, variables);
    if (!arguments.ok()) {
      return End({kAgentError, "failed configuring command, reason=" + StatusText(arguments.status())});
    }
    auto command =
        seat_.context.warden.Run(MakeLaunch(seat_, *std::move(arguments), variables, std::move(files)), *this);
    if (!command.ok()) {
      return End({kAgentError, "failed starting command, reason=" + StatusText(command.status())});
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

  void OnNotStarted(const absl::Status& why) override {
    if (absl::IsNotFound(why)) {
      return End({kNotFoundCode, fmt::format("exec: \"{}\": executable file not found in $PATH", StatusText(why))});
    }
    End({kNotStartedCode, "failed starting command, reason=" + StatusText(why)});
  }

  void OnExited(int wait_status) override {
    end_ = EndOf(wait_status);
    input_.Close();
    OnInputTaken();
    EndIfDone();
  }

  void OnGone(const absl::Status& status) override {
    if (!end_) end_ = TargetEnd{kAgentError, "command ended, reason=" + StatusText(status)};
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

  std::string_view input_type() const override { return packet::kAgentExecWriteStdin; }
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

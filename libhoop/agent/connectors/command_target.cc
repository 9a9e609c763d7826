#include "agent/connectors/command_target.h"

#include <algorithm>
#include <utility>

#include "base/limits/session.h"
#include "base/status.h"

namespace hoop {

CommandTarget::CommandTarget(const ConnectorSeat& seat, Line& line, Ended ended)
    : seat_(seat), line_(line), ended_(std::move(ended)), input_(seat.context.loop, [this] { OnInputTaken(); }) {}

void CommandTarget::Run(const absl::StatusOr<Launch>& launch) {
  if (!launch.ok()) return End(NotConfigured(launch.status()));
  auto command = seat_.context.warden.Run(*launch, *this);
  if (!command.ok()) return End({kAgentErrorCode, "failed starting command, reason=" + StatusText(command.status())});
  command_ = *std::move(command);
}

// ---- Input ---------------------------------------------------------------------------------------------------------

void CommandTarget::AddInput(Packet packet) {
  input_.Add(std::move(packet));
  if (line_reading_ && input_.queued_bytes() > limits::kSendQueueHighBytes) SetLineReading(false);
}

void CommandTarget::OpenInput(Descriptor pipe) {
  input_.Open(std::move(pipe));
  OnInputTaken();
}

void CommandTarget::OnInputTaken() {
  line_.NoteProgress();
  if (!line_reading_ && input_.queued_bytes() <= limits::kSendQueueLowBytes) SetLineReading(true);
}

void CommandTarget::SetLineReading(bool reading) {
  line_reading_ = reading;
  line_.SetReading(reading);
}

// ---- Output --------------------------------------------------------------------------------------------------------

void CommandTarget::AddOutput(Descriptor pipe, packet::Type type) {
  outputs_.push_back(std::make_unique<PipeReader>(
      seat_.context.loop, std::move(pipe), [this, type](std::string_view bytes) { OnOutput(type, bytes); },
      [this] { EndIfDone(); }));
}

// A user who does not read stops the command.
void CommandTarget::OnOutput(packet::Type type, std::string_view bytes) {
  line_.Send(type, bytes);
  if (line_.queued_bytes() > limits::kSendQueueHighBytes) SetOutputsReading(false);
}

void CommandTarget::OnLineDrained() { SetOutputsReading(true); }

void CommandTarget::SetOutputsReading(bool reading) {
  for (const auto& output : outputs_) output->SetReading(reading);
}

// ---- The end -------------------------------------------------------------------------------------------------------

void CommandTarget::OnExited(int wait_status) {
  end_ = EndOf(wait_status);
  input_.Close();
  OnInputTaken();
  EndIfDone();
}

void CommandTarget::OnGone(const absl::Status& status) {
  if (!end_) end_ = CommandLost(status);
  if (outputs_.empty()) return End(*std::move(end_));
  // All that its processes ever wrote is in the pipes by now.
  for (const auto& output : outputs_) {
    if (ended_) output->EndWhenEmpty();
  }
}

void CommandTarget::EndIfDone() {
  const bool any_open =
      std::any_of(outputs_.begin(), outputs_.end(), [](const auto& output) { return output->is_open(); });
  if (end_ && !any_open) End(*std::move(end_));
}

void CommandTarget::End(TargetEnd end) {
  command_.reset();
  if (ended_) std::exchange(ended_, nullptr)(std::move(end));
}

}  // namespace hoop

// What a one-off command and one on a terminal have in common: the warden runs it, its input waits in bounds, its
// outputs are read as fast as the user takes them, and it ends when it has exited and all of them are read to the end.
// Base of the targets of exec.cc and terminal.cc.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/connectors/command.h"
#include "agent/connectors/connector.h"
#include "agent/connectors/pipes.h"
#include "agent/warden/warden_link.h"
#include "wire/packet_types.h"

namespace hoop {

// Owned by its Line; loop thread only. Destroyed before its end, the command goes with it.
class CommandTarget : public Target, protected Command::Events {
 public:
  CommandTarget(const ConnectorSeat& seat, Line& line, Ended ended);

  void OnLineDrained() override;
  void OnUserClosed() override {}  // a command has no connection id that could be closed

 protected:
  // Once; OnStarted comes, or the end.
  void Run(const absl::StatusOr<Launch>& launch);
  // What waits for the command to read it stops the line above a bound.
  void AddInput(Packet packet);
  void FinishInput() { input_.Finish(); }
  // From OnStarted.
  void OpenInput(Descriptor pipe);
  void AddOutput(Descriptor pipe, packet::Type type);

  const ConnectorSeat& seat_;
  Line& line_;

 private:
  // How the end of an exited command is told.
  virtual TargetEnd EndOf(int wait_status) const = 0;

  void OnNotStarted(const absl::Status& why) final { End(NotStarted(why)); }
  void OnExited(int wait_status) final;
  void OnGone(const absl::Status& status) final;

  void OnInputTaken();
  void OnOutput(packet::Type type, std::string_view bytes);
  void SetLineReading(bool reading);
  void SetOutputsReading(bool reading);
  void EndIfDone();
  void End(TargetEnd end);

  Ended ended_;
  PipeWriter input_;
  bool line_reading_ = true;
  std::optional<TargetEnd> end_;  // once the command has exited
  std::vector<std::unique_ptr<PipeReader>> outputs_;
  std::unique_ptr<Command> command_;
};

}  // namespace hoop

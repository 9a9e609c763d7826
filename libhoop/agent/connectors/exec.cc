#include "agent/connectors/exec.h"

#include <utility>

#include "agent/connectors/command_target.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

class ExecTarget final : public CommandTarget {
 public:
  using CommandTarget::CommandTarget;

  void OnPacket(Packet packet) override {
    if (input_complete_) return;
    // One packet is the whole input, unless it says that more follows.
    input_complete_ = !seat_.granted.chunks || !packet.Spec(spec::kMore);
    AddInput(std::move(packet));
    if (input_complete_) FinishInput();
    if (!std::exchange(started_, true)) Run(MakeLaunch(seat_, {}));
  }

 private:
  void OnStarted(Descriptor input, Descriptor output, Descriptor error) override {
    OpenInput(std::move(input));
    AddOutput(std::move(output), packet::kClientWriteStdout);
    AddOutput(std::move(error), packet::kClientWriteStderr);
  }

  TargetEnd EndOf(int wait_status) const override { return CommandEnd(wait_status); }

  bool started_ = false;
  bool input_complete_ = false;
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

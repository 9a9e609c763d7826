#include "session/pipeline.h"

#include <fmt/format.h>

#include "base/status.h"

namespace hoop {
namespace {

absl::Status RecordVerdict(const Stage& stage, std::string_view decision, std::string_view why,
                           PacketContext& context) {
  return context.record
      .Append(Direction::kGateway, RecordKind::kVerdict, context.connection_id,
              fmt::format("{}: {}: {}", stage.name(), decision, why))
      .status();
}

}  // namespace

Pipeline::Outcome Pipeline::Run(Packet packet, PacketContext& context, size_t first_stage) {
  const auto& stages = context.direction == Direction::kRequest ? requests_ : replies_;
  for (size_t i = first_stage; i < stages.size(); ++i) {
    Verdict verdict = stages[i]->OnPacket(packet, context);
    absl::Status recorded;
    switch (verdict.kind) {
      case Verdict::Kind::kContinue:
        continue;
      case Verdict::Kind::kReplace:
        recorded = RecordVerdict(*stages[i], "replaced", verdict.why, context);
        packet = std::move(verdict.packet);
        break;
      case Verdict::Kind::kHold:
        recorded = RecordVerdict(*stages[i], "held", verdict.why, context);
        if (recorded.ok()) return {Outcome::Kind::kHeld, std::move(packet), i + 1, absl::OkStatus()};
        break;
      case Verdict::Kind::kRefuse:
        // The refusal stands also when it could not be recorded: the session ends either way.
        (void)RecordVerdict(*stages[i], "refused", StatusText(verdict.status), context);
        return {Outcome::Kind::kRefused, Packet(), 0, verdict.status};
    }
    if (!recorded.ok()) return {Outcome::Kind::kRefused, Packet(), 0, recorded};
  }
  return {Outcome::Kind::kForward, std::move(packet), 0, absl::OkStatus()};
}

}  // namespace hoop

#include "session/stages/record_stage.h"

#include "base/status.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {
namespace {

struct Content {
  RecordKind kind;
  std::string_view payload;
};

Content ContentOf(const Packet& packet, Direction direction) {
  const std::string_view type = packet.type();
  if (type == packet::kAgentConnectionClose || type == packet::kClientConnectionClose) {
    return {RecordKind::kConnectionClose, packet.payload()};
  }
  if (type == packet::kAgentTerminalResize) return {RecordKind::kControl, packet.payload()};
  if (type == packet::kClientSessionOpenOk) return {RecordKind::kOpenOk, packet.payload()};
  if (type == packet::kClientWriteStderr) return {RecordKind::kErrorOutput, packet.payload()};
  // Packets without bytes still say something: a local connection began, or one direction ended.
  if (packet.payload().empty()) {
    if (packet.Spec(spec::kFin)) return {RecordKind::kControl, "end of input"};
    if (packet.Spec(spec::kTcpServerConnect)) return {RecordKind::kControl, "connect"};
  }
  return {direction == Direction::kRequest ? RecordKind::kInput : RecordKind::kOutput, packet.payload()};
}

}  // namespace

Verdict RecordStage::OnPacket(const Packet& packet, PacketContext& context) {
  const Content content = ContentOf(packet, context.direction);
  auto position = context.record.Append(context.direction, content.kind, context.connection_id, content.payload);
  if (!position.ok()) return Verdict::Refuse(Annotate(position.status(), "record"));
  context.position = *position;
  return Verdict::Continue();
}

}  // namespace hoop

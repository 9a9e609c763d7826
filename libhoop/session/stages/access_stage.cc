#include "session/stages/access_stage.h"

#include "base/limits/session.h"
#include "base/status.h"
#include "wire/packet_types.h"

namespace hoop {
namespace {

constexpr ProtocolPackets kProtocols[] = {
    {"tcp", packet::kAgentTcpWrite, packet::kClientTcpWrite},
    {"postgres", packet::kAgentPostgresWrite, packet::kClientPostgresWrite},
};

bool IsCommandPacket(std::string_view type, std::string_view verb) {
  if (type == packet::kAgentExecWriteStdin) return verb == "exec";
  return verb == "connect" && (type == packet::kAgentTerminalWriteStdin || type == packet::kAgentTerminalResize);
}

// `exec` runs any connection's command; `connect` on a protocol speaks the protocol.
bool IsAllowed(std::string_view type, const SessionContext& session) {
  if (session.is_command()) return IsCommandPacket(type, session.head.verb);
  const ProtocolPackets* protocol = FindProtocolPackets(session.head.wire_type);
  return protocol != nullptr && (type == protocol->request || type == packet::kAgentConnectionClose);
}

}  // namespace

bool IsConnectionId(std::string_view id) {
  if (id.empty() || id.size() > limits::kConnectionIdBytesMax) return false;
  for (char c : id) {
    const bool word =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    if (!word) return false;
  }
  return true;
}

const ProtocolPackets* FindProtocolPackets(std::string_view wire_type) {
  for (const ProtocolPackets& protocol : kProtocols) {
    if (protocol.wire_type == wire_type) return &protocol;
  }
  return nullptr;
}

Verdict AccessStage::OnPacket(const Packet& packet, PacketContext& context) {
  if (!IsAllowed(packet.type(), context.session)) {
    return Verdict::Refuse(PermissionDenied("packet type {} is not for {} on a {} connection", packet.type(),
                                            context.session.head.verb, context.session.head.wire_type));
  }
  if (!IsConnectionId(context.connection_id)) {
    return Verdict::Refuse(InvalidArgument("packet {}: connection id not found", packet.type()));
  }
  return Verdict::Continue();
}

}  // namespace hoop

// Lets through what a client may say in a session of this type; everything else ends the session.
#pragma once

#include "session/stage.h"

namespace hoop {

class AccessStage final : public Stage {
 public:
  std::string_view name() const override { return "access"; }
  // Refuses with PermissionDenied what is not for this session's type (another protocol's packets, packets that only
  // agents or the gateway say) and with InvalidArgument a connection id that cannot be one.
  Verdict OnPacket(const Packet& packet, PacketContext& context) override;
};

// 1 to limits::kConnectionIdBytesMax letters, digits, '-' and '_'.
bool IsConnectionId(std::string_view id);

// The packet types that carry a protocol's bytes on the wire.
struct ProtocolPackets {
  std::string_view wire_type;
  std::string_view request;  // client -> agent
  std::string_view reply;    // agent -> client
};

// Null for types that have no local connections.
const ProtocolPackets* FindProtocolPackets(std::string_view wire_type);

}  // namespace hoop

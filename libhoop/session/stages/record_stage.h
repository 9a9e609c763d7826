// Puts every packet into the record before anything is forwarded, in both directions.
#pragma once

#include "session/stage.h"

namespace hoop {

class RecordStage final : public Stage {
 public:
  std::string_view name() const override { return "record"; }
  // Refuses when the record cannot take the packet: the session stops.
  Verdict OnPacket(const Packet& packet, PacketContext& context) override;
};

}  // namespace hoop

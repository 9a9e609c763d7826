// The one stream that an agent shares among its sessions: the control stream, which also carries their bytes where
// the gateway did not grant a stream of its own for each. Implemented by GatewayLink; stood on by Line.
#pragma once

#include <memory>

#include "wire/packet_stream.h"

namespace hoop {

// Outlives its lines. Loop thread only.
class Trunk {
 public:
  virtual ~Trunk() = default;

  virtual void Send(Packet packet) = 0;
  virtual size_t queued_bytes() const = 0;

  // While somebody holds, nothing is read from the stream. Calls pair up.
  virtual void HoldReading() = 0;
  virtual void ReleaseReading() = 0;

  // Finishes a data stream and keeps it until what was sent on it has left.
  virtual void Linger(std::unique_ptr<PacketStream> stream) = 0;
};

}  // namespace hoop

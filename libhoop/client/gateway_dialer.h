// How a session reaches its gateway: a dialler makes a channel, a channel opens streams. The seam between what client/
// decides and what carries it: GrpcGatewayDialer over a socket, memory streams in tests.
#pragma once

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "net/dial.h"
#include "wire/packet_stream.h"

namespace hoop {

// Many streams on one connection. Owned by one session; loop thread. Streams end with Unavailable when it is over.
class GatewayChannel {
 public:
  virtual ~GatewayChannel() = default;
  virtual std::unique_ptr<PacketStream> OpenStream(Metadata metadata) = 0;
  // The gateway welcomes keepalive pings; two unanswered ones break the connection.
  virtual void SetPingInterval(absl::Duration interval) = 0;
};

// Owned by Client; outlives its channels. Loop thread.
class GatewayDialer {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<GatewayChannel>>)>;
  virtual ~GatewayDialer() = default;
  // Calls `done` once, in a later turn, unless the answer is destroyed before.
  virtual std::unique_ptr<Dialing> DialGateway(Done done) = 0;
};

}  // namespace hoop

// Reaches a gateway over TCP with gRPC. Made by Client.
#pragma once

#include <memory>
#include <string>

#include "client/gateway_address.h"
#include "client/gateway_dialer.h"

namespace hoop {

class EventLoop;

// As GatewayDialer says.
class GrpcGatewayDialer final : public GatewayDialer {
 public:
  // `address` is plain: TLS is a layer between Dial and GrpcChannel that this build does not have.
  GrpcGatewayDialer(EventLoop& loop, GatewayAddress address, std::string user_agent);

  std::unique_ptr<Dialing> DialGateway(Done done) override;

 private:
  EventLoop& loop_;
  const GatewayAddress address_;
  const std::string user_agent_;
};

}  // namespace hoop

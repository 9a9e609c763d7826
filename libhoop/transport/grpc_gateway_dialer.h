// Reaches a gateway over TCP with our own gRPC. Made by Agent and Client.
#pragma once

#include <memory>
#include <utility>

#include "transport/gateway_dialer.h"

namespace hoop {

class EventLoop;

// As GatewayDialer says.
class GrpcGatewayDialer final : public GatewayDialer {
 public:
  GrpcGatewayDialer(EventLoop& loop, GatewayDialOptions options) : loop_(loop), options_(std::move(options)) {}

  std::unique_ptr<Dialing> DialGateway(Done done) override;

 private:
  EventLoop& loop_;
  const GatewayDialOptions options_;
};

}  // namespace hoop

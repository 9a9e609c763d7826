// Reaches a gateway with gRPC C++: for those who need what it has and our own gRPC has not (HTTP CONNECT proxies,
// resolvers). Lives in a shared object of its own; made by grpc_library.cc.
#pragma once

#include <grpcpp/security/credentials.h>

#include <memory>

#include "transport/gateway_dialer.h"
#include "transport/grpc/pending_calls.h"

namespace hoop {

// As GatewayDialer says. Its destruction waits until gRPC's threads know nothing of the loop any more.
class GrpcCppDialer final : public GatewayDialer {
 public:
  GrpcCppDialer(Loop& loop, GatewayDialOptions options);
  ~GrpcCppDialer() override;

  std::unique_ptr<Dialing> DialGateway(Done done) override;

 private:
  const GatewayDialOptions options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  const std::shared_ptr<PendingCalls> calls_;
};

}  // namespace hoop

// Which gRPC dials: our own, or gRPC C++ out of its shared object. Used by Agent and Client.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "transport/gateway_dialer.h"

namespace hoop {

class EventLoop;

using MakeGatewayDialer = std::function<std::unique_ptr<GatewayDialer>(EventLoop&, const GatewayDialOptions&)>;

// `library` is the path of libhoop_grpc.so; empty: our own. FailedPrecondition: it cannot be loaded, or was built from
// other sources. What was loaded stays for the life of the process.
absl::StatusOr<MakeGatewayDialer> ChooseGatewayDialer(const std::string& library);

}  // namespace hoop

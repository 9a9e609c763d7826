#include "transport/dialer_choice.h"

#include <dlfcn.h>

#include <string_view>

#include "base/status.h"
#include "net/event_loop.h"
#include "transport/grpc_gateway_dialer.h"

namespace hoop {

absl::StatusOr<MakeGatewayDialer> ChooseGatewayDialer(const std::string& library) {
  if (library.empty()) {
    return [](EventLoop& loop, const GatewayDialOptions& options) -> std::unique_ptr<GatewayDialer> {
      return std::make_unique<GrpcGatewayDialer>(loop, options);
    };
  }
  // Never closed: threads of gRPC may run in it as long as the process lives. Nothing of it is seen by others.
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return FailedPrecondition("gRPC library: {}", ::dlerror());
  // The functions of transport/grpc/entry.cc.
  const auto version = reinterpret_cast<const char* (*)()>(::dlsym(handle, "hoop_grpc_version"));
  const auto make =
      reinterpret_cast<GatewayDialer* (*)(Loop&, const GatewayDialOptions&)>(::dlsym(handle, "hoop_grpc_make_dialer"));
  if (version == nullptr || make == nullptr) {
    return FailedPrecondition("gRPC library: {} is not libhoop_grpc.so", library);
  }
  if (std::string_view(version()) != HOOP_DIALER_VERSION) {
    return FailedPrecondition("gRPC library: {} is of version {}, not {}", library, version(), HOOP_DIALER_VERSION);
  }
  return [make](EventLoop& loop, const GatewayDialOptions& options) {
    return std::unique_ptr<GatewayDialer>(make(loop, options));
  };
}

}  // namespace hoop

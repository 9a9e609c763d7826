// What the shared object shows to transport/dialer_choice.cc, and all that it shows.
#include "transport/grpc/grpc_cpp_dialer.h"

#define HOOP_SHOWN extern "C" __attribute__((visibility("default")))

// Both sides must be built from the same headers: classes cross here.
HOOP_SHOWN const char* hoop_grpc_version() { return HOOP_DIALER_VERSION; }

HOOP_SHOWN hoop::GatewayDialer* hoop_grpc_make_dialer(hoop::Loop& loop, const hoop::GatewayDialOptions& options) {
  return new hoop::GrpcCppDialer(loop, options);
}

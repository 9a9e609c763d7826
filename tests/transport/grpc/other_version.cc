// A dialler's library that was built from other sources.
#define HOOP_SHOWN extern "C" __attribute__((visibility("default")))
HOOP_SHOWN const char* hoop_grpc_version() { return "0.0.1"; }
HOOP_SHOWN void* hoop_grpc_make_dialer() { return nullptr; }

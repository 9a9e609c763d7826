// The TLS of the gateway's two listeners: their contexts, and the thread that does the arithmetic of handshakes.
// Owned by Gateway.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/worker.h"
#include "hoop/tls.h"
#include "net/tls_context.h"

namespace hoop {

// Made before the doors; outlives them and ends before their loops.
class ListenerTls final {
 public:
  struct Contexts {
    std::shared_ptr<TlsContext> grpc;  // speaks h2, asks for client certificates
    std::shared_ptr<TlsContext> http;  // speaks http/1.1, asks nobody
  };

  ListenerTls();

  // InvalidArgument: a text is not what it should be; it is called by its variable.
  static absl::StatusOr<Contexts> Make(const GatewayTls& options);

  Worker& worker() { return worker_; }

 private:
  Worker worker_;
};

}  // namespace hoop

// The gateway's addresses as they stand in a configuration. Pure text.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "net/dial.h"

namespace hoop {

// A value.
struct GatewayAddress {
  Address address;
  bool tls = true;

  std::string authority() const { return address.ToString(); }

  // "grpc://host:port" and "http://host:port" are plain; every other scheme, and none, means TLS.
  // InvalidArgument: no port, no host, an unknown scheme.
  static absl::StatusOr<GatewayAddress> Parse(std::string_view grpc_url);
};

}  // namespace hoop

// The TLS of a configuration: what the file says and what this run was told, in one. Used for gRPC and for REST.
#pragma once

#include "absl/status/statusor.h"
#include "hoop/client.h"

namespace hoop {

// InvalidArgument: tls_ca is none of the forms of LoadPem.
absl::StatusOr<DiallerTls> ConfiguredTls(const ClientConfig& config);

}  // namespace hoop

// What the environment says of TLS, and whether the files that it names have changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/tls.h"

// Owned by main(); its thread.
class TlsEnvironment final {
 public:
  TlsEnvironment();

  // TLS_KEY, TLS_CERT, TLS_CA, TLS_CLIENT_AUTH; nullopt: neither key nor certificate is set. Reads files again at each
  // call. InvalidArgument: one line that names the variable.
  absl::StatusOr<std::optional<hoop::GatewayTls>> Read();

  // True when a file that a variable names is another one than at the last Read.
  bool FilesChanged() const { return seen_ != Look(); }

 private:
  std::string Look() const;

  std::vector<std::string> files_;
  std::string seen_;
};

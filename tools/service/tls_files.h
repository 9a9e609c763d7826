// TLS_KEY, TLS_CERT, TLS_CA of a gateway, and whether the files that they name have changed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hoop/tls.h"

namespace hoop {

// The variables as they were set: PEM, base64 or the name of a file.
struct TlsTexts {
  std::string key, certificate, client_ca;
  std::optional<GatewayTls::ClientAuth> client_auth;
};

// Owned by main(); its thread.
class TlsFiles final {
 public:
  explicit TlsFiles(TlsTexts texts);

  // nullopt: neither key nor certificate is set. Reads files again at each call. InvalidArgument: one line that names
  // the variable.
  absl::StatusOr<std::optional<GatewayTls>> Read();

  // True when a file that a variable names is another one than at the last Read.
  bool Changed() const { return seen_ != Look(); }

 private:
  std::string Look() const;

  const TlsTexts texts_;
  std::vector<std::string> files_;
  std::string seen_;
};

}  // namespace hoop

#include "client/tls_config.h"

#include "base/encoding.h"
#include "base/status_macros.h"

namespace hoop {

void ClientConfig::SetAuthorities(std::string_view pem) { tls_ca = Base64Encode(pem); }

absl::StatusOr<DiallerTls> ConfiguredTls(const ClientConfig& config) {
  DiallerTls tls = config.tls;
  if (!tls.ca.empty() || config.tls_ca.empty()) return tls;
  HOOP_ASSIGN_OR_RETURN(tls.ca, LoadPem("tls_ca", config.tls_ca));
  return tls;
}

}  // namespace hoop

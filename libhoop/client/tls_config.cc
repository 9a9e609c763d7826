#include "client/tls_config.h"

#include "base/encoding.h"
#include "base/status.h"

namespace hoop {

void ClientConfig::SetAuthorities(std::string_view pem) { tls_ca = Base64Encode(pem); }

absl::StatusOr<DiallerTls> ConfiguredTls(const ClientConfig& config) {
  DiallerTls tls = config.tls;
  if (!tls.ca.empty() || config.tls_ca.empty()) return tls;
  std::optional<std::string> pem = Base64Decode(config.tls_ca);
  if (!pem) return InvalidArgument("tls_ca: not base64");
  tls.ca = *std::move(pem);
  return tls;
}

}  // namespace hoop

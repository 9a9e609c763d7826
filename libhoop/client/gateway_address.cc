#include "client/gateway_address.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/client.h"

namespace hoop {
namespace {

struct SchemeAndRest {
  std::string_view scheme;  // empty: none
  std::string_view rest;
};

SchemeAndRest SplitScheme(std::string_view url) {
  const size_t end = url.find("://");
  if (end == std::string_view::npos) return {{}, url};
  return {url.substr(0, end), url.substr(end + 3)};
}

}  // namespace

absl::StatusOr<GatewayAddress> GatewayAddress::Parse(std::string_view grpc_url) {
  const auto [scheme, rest] = SplitScheme(grpc_url);
  if (!scheme.empty() && scheme != "grpc" && scheme != "grpcs" && scheme != "http" && scheme != "https") {
    return InvalidArgument("grpc_url {}: unknown scheme, use grpc:// or grpcs://", grpc_url);
  }
  auto address = Address::Parse(rest.substr(0, rest.find('/')));
  if (!address.ok()) return InvalidArgument("grpc_url {}: not of the form grpc://host:port", grpc_url);
  if (address->port == 0) return InvalidArgument("grpc_url {}: port 0", grpc_url);
  return GatewayAddress{*std::move(address), scheme != "grpc" && scheme != "http"};
}

absl::Status CheckGrpcUrl(std::string_view text) { return GatewayAddress::Parse(text).status(); }

absl::StatusOr<std::string> NormalizeApiUrl(std::string_view text) {
  const auto [scheme, rest] = SplitScheme(text);
  if (scheme != "http" && scheme != "https") {
    return InvalidArgument("api_url {}: not of the form http://host:port or https://host", text);
  }
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty() || authority.find_first_of(" @?#") != std::string_view::npos ||
      rest.find_first_of("?# ") != std::string_view::npos) {
    return InvalidArgument("api_url: user, query and fragment do not belong there");  // may hold a secret
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace hoop

#include "net/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <memory>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

std::string HostAndPort(std::string_view host, uint16_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

bool IsPath(const Address& address) { return !address.host.empty() && address.host[0] == '/'; }

}  // namespace

std::string Address::ToString() const { return IsPath(*this) ? host : HostAndPort(host, port); }

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  if (!text.empty() && text[0] == '/') return Address{std::string(text), 0};
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return InvalidArgument("address \"{}\": no port", text);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return InvalidArgument("address \"{}\": an IPv6 address with a port is written [address]:port", text);
  }
  if (host.empty()) return InvalidArgument("address \"{}\": no host", text);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return InvalidArgument("address \"{}\": \"{}\" is not a port", text, digits);
  }
  return Address{std::string(host), port};
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

std::string SocketAddress::ToString() const {
  if (family() == AF_UNIX) {
    const size_t length = size > offsetof(sockaddr_un, sun_path) ? size - offsetof(sockaddr_un, sun_path) : 0;
    const char* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    return "unix:" + std::string(path, ::strnlen(path, length));
  }
  char host[NI_MAXHOST];
  if (::getnameinfo(get(), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "unknown";
  return HostAndPort(host, port());
}

absl::StatusOr<SocketAddress> LiteralAddress(const Address& address) {
  SocketAddress result;
  if (IsPath(address)) {
    auto* local = reinterpret_cast<sockaddr_un*>(&result.storage);
    if (address.host.size() >= sizeof local->sun_path) {
      return InvalidArgument("socket path {}: longer than {} bytes", address.host, sizeof local->sun_path - 1);
    }
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, address.host.data(), address.host.size());
    result.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.host.size() + 1);
    return result;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    result.size = sizeof *v4;
    return result;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    result.size = sizeof *v6;
    return result;
  }
  return NotFound("{} is a name", address.host);
}

absl::StatusOr<std::vector<SocketAddress>> ResolveAddress(const Address& address) {
  const auto literal = LiteralAddress(address);
  if (literal.ok()) return std::vector<SocketAddress>{*literal};
  if (!absl::IsNotFound(literal.status())) return literal.status();
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return Unavailable("host {}: {}", address.host, ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<SocketAddress> result;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress one;
    std::memcpy(&one.storage, entry->ai_addr, entry->ai_addrlen);
    one.size = entry->ai_addrlen;
    result.push_back(one);
  }
  return result;
}

}  // namespace hoop

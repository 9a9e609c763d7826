// Addresses as the kernel has them, and how text becomes one. Used by dial.cc and listener.cc only.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/dial.h"

namespace hoop {

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = sizeof(sockaddr_storage);

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  uint16_t port() const;
  // "203.0.113.9:5555", "[::1]:5555", "unix:/path".
  std::string ToString() const;
};

// Needs no name server: a number or a Unix path. InvalidArgument: the path is too long. NotFound: it is a name.
absl::StatusOr<SocketAddress> LiteralAddress(const Address& address);

// All addresses of a literal or a name. Blocks. Unavailable: the name is unknown or nobody could be asked.
absl::StatusOr<std::vector<SocketAddress>> ResolveAddress(const Address& address);

}  // namespace hoop

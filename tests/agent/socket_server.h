// A target as a test plays it: a listening socket of 127.0.0.1 and blocking conversations with whom it accepts.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "tests/agent/warden_fixture.h"

namespace hoop {

// A listening socket of 127.0.0.1, and blocking conversations with whom it accepts.
class SocketServer {
 public:
  SocketServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(socket_.get(), 16);
    socklen_t size = sizeof(address);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::map<std::string, std::string> variables() const {
    return {{"HOST", "127.0.0.1"}, {"PORT", std::to_string(port_)}};
  }
  // The next connection; the liveness dial is one, too.
  Descriptor Accept() {
    pollfd watched{socket_.get(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(kTestPatience))) <= 0) return Descriptor();
    return Descriptor(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void Close() { socket_.Reset(); }

 private:
  Descriptor socket_;
  int port_ = 0;
};

inline void WriteAll(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace hoop

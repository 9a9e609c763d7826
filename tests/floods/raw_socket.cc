#include "tests/floods/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hoop::floods {
namespace {

// True: ready for `events`, or broken.
bool Wait(int descriptor, short events, Seconds wait) {
  pollfd one = {.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&one, 1, std::max(0, static_cast<int>(wait.count() * 1000))) > 0;
}

}  // namespace

RawSocket::RawSocket(uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in name = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  open_ = descriptor_ >= 0 && ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawSocket::~RawSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      open_(std::exchange(other.open_, false)),
      deaf_(other.deaf_),
      heard_(std::move(other.heard_)) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(open_, other.open_);
  std::swap(deaf_, other.deaf_);
  std::swap(heard_, other.heard_);
  return *this;
}

bool RawSocket::Say(std::string_view bytes, Seconds wait) {
  const auto end = Clock::now() + wait;
  while (open_ && !bytes.empty()) {
    Listen();
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      open_ = false;
    } else if (const Seconds left = end - Clock::now(); left.count() > 0) {
      Wait(descriptor_, deaf_ ? POLLOUT : POLLOUT | POLLIN, left);
    } else {
      break;
    }
  }
  Listen();
  return open_ && bytes.empty();
}

void RawSocket::Listen(Seconds wait) {
  if (deaf_ || !open_) return;
  if (wait.count() > 0) Wait(descriptor_, POLLIN, wait);
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) {
      heard_.append(buffer, static_cast<size_t>(count));
    } else {
      open_ = count < 0 && (errno == EAGAIN || errno == EINTR);
      return;
    }
  }
}

bool RawSocket::AwaitEnd(Seconds wait) {
  const auto end = Clock::now() + wait;
  deaf_ = false;
  while (open_ && Clock::now() < end) Listen(end - Clock::now());
  return !open_;
}

void RawSocket::ResetOnClose() {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void RawSocket::ShutdownWrite() { ::shutdown(descriptor_, SHUT_WR); }

}  // namespace hoop::floods

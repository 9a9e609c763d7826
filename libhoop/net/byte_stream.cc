// A connected socket as a ByteStream.
#include "net/byte_stream.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status.h"
#include "net/descriptor.h"
#include "net/event_loop.h"

namespace hoop {
namespace {

bool IsWouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

class SocketStream final : public ByteStream {
 public:
  SocketStream(EventLoop& loop, int descriptor, std::string peer)
      : peer_(std::move(peer)),
        socket_(descriptor),
        watch_(loop.WatchDescriptor(
            descriptor,
            [this] {
              if (events_ != nullptr) events_->OnReadable();
            },
            [this] {
              if (events_ != nullptr) events_->OnWritable();
            })) {}

  void SetEvents(Events* events) override { events_ = events; }
  void WantRead() override { watch_->WantRead(); }
  void StopRead() override { watch_->StopRead(); }
  void WantWrite() override { watch_->WantWrite(); }

  IoResult Read(char* buffer, size_t size) override {
    ssize_t got;
    do got = ::recv(socket_.get(), buffer, size, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) return {IoResult::Kind::kBytes, static_cast<size_t>(got)};
    if (got == 0) return {IoResult::Kind::kEnd};
    return Failed("read from");
  }

  IoResult Write(const iovec* pieces, int count) override {
    msghdr message = {};
    message.msg_iov = const_cast<iovec*>(pieces);  // sendmsg only reads them
    message.msg_iovlen = static_cast<size_t>(std::min(count, IOV_MAX));
    ssize_t sent;
    do sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {IoResult::Kind::kBytes, static_cast<size_t>(sent)};
    return Failed("write to");
  }

  void ShutdownWrite() override { ::shutdown(socket_.get(), SHUT_WR); }

  void ResetOnClose() override {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  const std::string& peer() const override { return peer_; }

 private:
  IoResult Failed(std::string_view verb) const {
    const int error = errno;
    if (IsWouldBlock(error)) return {IoResult::Kind::kWouldBlock};
    return {IoResult::Kind::kError, 0, ErrnoStatus(error, fmt::format("{} {}", verb, peer_))};
  }

  const std::string peer_;
  Descriptor socket_;
  Events* events_ = nullptr;
  std::unique_ptr<Watch> watch_;  // after socket_: the watch ends before the descriptor is closed
};

}  // namespace

bool IsLocalPeer(std::string_view peer) {
  for (const std::string_view prefix : {"127.", "[::1]:", "[::ffff:127.", "unix:"}) {
    if (peer.starts_with(prefix)) return true;
  }
  return false;
}

std::unique_ptr<ByteStream> AdoptSocket(EventLoop& loop, int descriptor, std::string peer) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // a Unix socket has no such delay
  return std::make_unique<SocketStream>(loop, descriptor, std::move(peer));
}

}  // namespace hoop

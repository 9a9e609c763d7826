// The accept loop. It never ends by itself: an error of one connection is that connection's, and a lack of
// descriptors is waited out.
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/limits/listener.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "net/descriptor.h"
#include "net/event_loop.h"
#include "net/socket_address.h"

namespace hoop {
namespace {

using Accepted = absl::AnyInvocable<void(Descriptor, std::string)>;

int OpenSpare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

class SocketListener final : public Listener {
 public:
  SocketListener(EventLoop& loop, Address address, Descriptor socket, Accepted accepted)
      : loop_(loop),
        address_(std::move(address)),
        socket_(std::move(socket)),
        spare_(OpenSpare()),
        accepted_(std::make_shared<Accepted>(std::move(accepted))),
        watch_(loop.WatchDescriptor(
            socket_.get(), [this] { AcceptReady(); }, [] {})) {
    watch_->WantRead();
  }
  ~SocketListener() override {
    if (is_gone_ != nullptr) *is_gone_ = true;
    if (address_.host[0] == '/') ::unlink(address_.host.c_str());
  }

  const Address& address() const override { return address_; }
  uint64_t exhausted_count() const override { return exhausted_count_; }

 private:
  // Several per turn, but not so many that a flood of strangers delays those who are in.
  void AcceptReady() {
    const std::shared_ptr<Accepted> accepted = accepted_;  // it may destroy this listener
    const int limit = DescriptorsForConnections();
    bool is_gone = false;
    is_gone_ = &is_gone;
    for (size_t count = 0; count < limits::kAcceptsPerTurnMax; ++count) {
      SocketAddress peer;
      const int descriptor = Accept(peer);
      if (descriptor < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        if (IsShortage(errno)) return PauseForShortage();
        continue;  // that connection was gone before it was accepted
      }
      if (descriptor >= limit) {  // the lowest free number: all below are in use
        Descriptor refused(descriptor);
        return PauseForShortage();
      }
      (*accepted)(Descriptor(descriptor), PeerName(peer));
      if (is_gone) return;
    }
    is_gone_ = nullptr;
    watch_->WantRead();
  }

  int Accept(SocketAddress& peer) const {
    return ::accept4(socket_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }

  // The rest is for files: without them the sessions of those who are in would end.
  static int DescriptorsForConnections() {
    rlimit allowed{};
    if (::getrlimit(RLIMIT_NOFILE, &allowed) != 0 || allowed.rlim_cur > INT_MAX) return INT_MAX;
    const size_t reserved = std::min(limits::kDescriptorsReserved, static_cast<size_t>(allowed.rlim_cur) / 2);
    return static_cast<int>(allowed.rlim_cur - reserved);
  }

  static bool IsShortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  }

  // Who waits now is told so by a close instead of hanging; then others get the time to give descriptors back.
  void PauseForShortage() {
    ++exhausted_count_;
    is_gone_ = nullptr;
    for (size_t count = 0; spare_.is_open() && count < limits::kAcceptsPerTurnMax; ++count) {
      spare_.Reset();
      SocketAddress peer;
      const bool was_waiting = Descriptor(Accept(peer)).is_open();
      spare_.Reset(OpenSpare());
      if (!was_waiting) break;
    }
    if (!spare_.is_open()) spare_.Reset(OpenSpare());
    pause_ = loop_.After(limits::kAcceptPauseTime, [this] { watch_->WantRead(); });
  }

  std::string PeerName(const SocketAddress& peer) const {
    return peer.family() == AF_UNIX ? "unix:" + address_.host : peer.ToString();
  }

  EventLoop& loop_;
  const Address address_;
  Descriptor socket_;
  Descriptor spare_;  // given up for a moment to accept, and close, when there is no other
  const std::shared_ptr<Accepted> accepted_;
  bool* is_gone_ = nullptr;
  uint64_t exhausted_count_ = 0;
  std::unique_ptr<Timer> pause_;
  std::unique_ptr<Watch> watch_;
};

// A socket file whose listener is gone refuses connections: it may be replaced.
bool IsStaleSocketFile(const SocketAddress& address) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

absl::StatusOr<Descriptor> BindAndListen(const Address& address, const SocketAddress& where,
                                         absl::Duration defer_accept) {
  const auto failed = [&address] { return ErrnoStatus(errno, fmt::format("listen on {}", address.ToString())); };
  Descriptor socket(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return failed();
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int seconds = static_cast<int>(absl::ToInt64Seconds(defer_accept));
  if (seconds > 0 && where.family() != AF_UNIX) {
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
  }
  int bound = ::bind(socket.get(), where.get(), where.size);
  if (bound != 0 && errno == EADDRINUSE && where.family() == AF_UNIX) {
    if (IsStaleSocketFile(where)) ::unlink(address.host.c_str());
    bound = ::bind(socket.get(), where.get(), where.size);
  }
  if (bound != 0 || ::listen(socket.get(), SOMAXCONN) != 0) return failed();
  return socket;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listen(EventLoop& loop, const Address& address,
                                                 absl::AnyInvocable<void(std::unique_ptr<ByteStream>)> accepted) {
  return ListenForSockets(loop, address, absl::ZeroDuration(),
                          [&loop, accepted = std::move(accepted)](Descriptor socket, std::string peer) mutable {
                            accepted(AdoptSocket(loop, socket.Release(), std::move(peer)));
                          });
}

absl::StatusOr<std::unique_ptr<Listener>> ListenForSockets(EventLoop& loop, const Address& address,
                                                           absl::Duration defer_accept, Accepted accepted) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<SocketAddress> found, ResolveAddress(address));
  HOOP_ASSIGN_OR_RETURN(Descriptor socket, BindAndListen(address, found.front(), defer_accept));
  Address real = address;
  if (found.front().family() != AF_UNIX) {
    SocketAddress name;
    ::getsockname(socket.get(), name.get(), &name.size);
    real.port = name.port();
  }
  return std::make_unique<SocketListener>(loop, std::move(real), std::move(socket), std::move(accepted));
}

absl::Status TryListen(const Address& address) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<SocketAddress> found, ResolveAddress(address));
  HOOP_RETURN_IF_ERROR(BindAndListen(address, found.front(), absl::ZeroDuration()).status());
  if (found.front().family() == AF_UNIX) ::unlink(address.host.c_str());
  return absl::OkStatus();
}

}  // namespace hoop

// A listening socket on a loop that goes on accepting after descriptor exhaustion. Used by front/Doorstep for the
// gateway's listeners and by client/ for local ones.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "net/byte_stream.h"
#include "net/descriptor.h"
#include "net/dial.h"

namespace hoop {

class EventLoop;

// Owned by who listens; destroying it closes the door. Loop thread only.
class Listener {
 public:
  virtual ~Listener() = default;
  // With the real port when 0 was asked for.
  virtual const Address& address() const = 0;
  // Times that accept() found no free descriptor.
  virtual uint64_t exhausted_count() const = 0;
};

// FailedPrecondition: the address is in use; the text names it. `accepted` may destroy the Listener.
absl::StatusOr<std::unique_ptr<Listener>> Listen(EventLoop& loop, const Address& address,
                                                 absl::AnyInvocable<void(std::unique_ptr<ByteStream>)> accepted);

// The same, but what comes is not yet on any loop: a non-blocking socket, and who it is as ByteStream::peer() says it.
// `defer_accept`: on TCP a connection comes with its first bytes or after so long (whole seconds; zero: at once), so
// one that is reset before costs no socket, and nobody is woken for it (tcp(7), TCP_DEFER_ACCEPT).
absl::StatusOr<std::unique_ptr<Listener>> ListenForSockets(
    EventLoop& loop, const Address& address, absl::Duration defer_accept,
    absl::AnyInvocable<void(Descriptor socket, std::string peer)> accepted);

// Whether Listen would find the address free: it is taken and let go. Any thread; errors as of Listen.
absl::Status TryListen(const Address& address);

}  // namespace hoop

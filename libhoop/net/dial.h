// Connects to a TCP address or a Unix socket without blocking the loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "net/byte_stream.h"

namespace hoop {

class EventLoop;

// "host:port", "[v6]:port" or a Unix socket path beginning with '/'. A value.
struct Address {
  std::string host;  // a path when it begins with '/'
  uint16_t port = 0;

  std::string ToString() const;
  // InvalidArgument: no port, not a port, empty host.
  static absl::StatusOr<Address> Parse(std::string_view text);
};

// A dial under way. Destroying it gives up; the call-back does not come then.
class Dialing {
 public:
  virtual ~Dialing() = default;
};

// Resolves (on the loop's NameLookup; numbers and paths need none), tries each address in turn, then calls `done` once
// on the loop. Unavailable: refused, unreachable, unknown host. DeadlineExceeded: nothing within `timeout`. The text
// names the address: "connect 127.0.0.1:5432: Connection refused".
std::unique_ptr<Dialing> Dial(EventLoop& loop, const Address& address, absl::Duration timeout,
                              absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<ByteStream>>)> done);

}  // namespace hoop

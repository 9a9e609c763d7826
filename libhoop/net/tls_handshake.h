// Turns a connected plain stream into a TlsStream. Called by front/ for what it accepts, by agent/ and client/ for what
// they dialled; see tls_context.h for how to begin.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "base/worker.h"
#include "net/byte_stream.h"
#include "net/dial.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace hoop {

class EventLoop;

// A handshake under way. Destroying it gives up and closes; `done` does not come then. Loop thread only.
class TlsHandshake : public Dialing {
 public:
  // Never inside of TlsConnect or TlsAccept. May destroy the handshake. The text of a failure is one line that names
  // the peer: "tls handshake with 192.0.2.1:8010: the peer does not speak TLS". FailedPrecondition: trying again
  // does not help. Unavailable: the peer went away. DeadlineExceeded: nothing within `timeout`.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<TlsStream>>)>;

  // Inside of a `done` that was told of a failure: the plain stream, with the alert on its way. For who wants to wait
  // until the peer has read it: a close with unread bytes would take it back.
  virtual std::unique_ptr<ByteStream> TakePlain() = 0;
};

// As the client. `host`: the name or IP address that the server's certificate is to be for (TlsVerify::kFull), and SNI.
std::unique_ptr<TlsHandshake> TlsConnect(Loop& loop, std::unique_ptr<ByteStream> plain,
                                         std::shared_ptr<TlsContext> context, std::string host, absl::Duration timeout,
                                         TlsHandshake::Done done);

// As the server. `worker`, when given, does the arithmetic, so that strangers cannot keep the loop busy; it is joined
// before the loop is destroyed.
std::unique_ptr<TlsHandshake> TlsAccept(Loop& loop, std::unique_ptr<ByteStream> plain,
                                        std::shared_ptr<TlsContext> context, absl::Duration timeout, Worker* worker,
                                        TlsHandshake::Done done);

// Dials and, with a context, goes on with TLS, all within `timeout`. Without one the stream is plain.
// `host`: as above; empty: the host that is dialled.
struct TlsTarget {
  std::shared_ptr<TlsContext> context;
  std::string host;
};
std::unique_ptr<Dialing> DialSecure(EventLoop& loop, const Address& address, TlsTarget target, absl::Duration timeout,
                                    absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<ByteStream>>)> done);

}  // namespace hoop

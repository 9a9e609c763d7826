// How agent/ and client/ reach a gateway: a dialler makes a channel, a channel opens streams. The seam between what
// they decide and what carries it: GrpcGatewayDialer over a socket, another gRPC by choice, memory streams in tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/tls.h"
#include "net/dial.h"
#include "net/tls_handshake.h"
#include "wire/packet_stream.h"

namespace hoop {

// One connection to a gateway, many streams and unary calls on it. Owned by who dialled; loop thread. May be destroyed
// from inside any call-back of its streams; those that still have an owner end with Unavailable then.
class GatewayChannel {
 public:
  using OnUnaryDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  virtual ~GatewayChannel() = default;

  // A `/protobuf.Transport/Connect`. Never fails here: on a connection that is over, or that the peer drains, the
  // stream ends with Unavailable. Write at once; the gateway answers when it has something to say.
  virtual std::unique_ptr<PacketStream> OpenStream(Metadata metadata) = 0;

  // One request, one answer. `path` is what follows "/protobuf.Transport/". `done` comes once, unless the channel is
  // destroyed first. DeadlineExceeded: no answer within `timeout`.
  virtual void CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                         absl::Duration timeout = absl::InfiniteDuration()) = 0;

  // Asks from now on whether the gateway lives (when it granted "ping"); zero stops it. Two unanswered questions break
  // the connection.
  virtual void SetPingInterval(absl::Duration interval) = 0;

  // false: the connection is over or the peer drains it; dial anew for what comes.
  virtual bool accepts_streams() const = 0;
};

// Whom to dial, and what to say of oneself. A value.
struct GatewayDialOptions {
  Address address;
  std::string user_agent;  // "hoopagent/1.0.0"
  TlsTarget tls;           // without a context: plain
  DiallerTls tls_texts;    // what the context was made of: for gRPC C++, which makes its own and verifies always
};

// Owned by Agent or Client; outlives its channels. Loop thread.
class GatewayDialer {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<GatewayChannel>>)>;
  virtual ~GatewayDialer() = default;
  // Calls `done` once, in a later turn, unless the answer is destroyed before.
  virtual std::unique_ptr<Dialing> DialGateway(Done done) = 0;
};

}  // namespace hoop

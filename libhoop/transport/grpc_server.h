// The listening end of gRPC: accepted connections in, packet streams and unary calls out.
// Called by gateway/ with what front/ accepted; runs one Http2Session per connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "net/byte_stream.h"
#include "wire/packet_stream.h"

namespace hoop {

struct Http2Buffers;

// One accepted HTTP/2 connection, as those see it who serve its streams. Valid until the last of its streams told
// OnEnd or was destroyed; id() stays unique beyond that.
class GrpcConnection {
 public:
  virtual ~GrpcConnection() = default;

  // Never used twice by one server: which streams came on the same connection.
  virtual uint64_t id() const = 0;
  virtual const std::string& peer() const = 0;
  // "CN=agent-7": of a client certificate that was verified. Empty: there was none.
  virtual std::string VerifiedSubject() const = 0;

  // The peer proved that it is `who`: wide limits from now on, and the socket's own limits for strangers end. Again for
  // somebody else on the same connection: the first one answers for it.
  virtual void Authenticated(std::string who) = 0;

  // Tells the peer (GOAWAY) and closes at the end of this turn. Streams end with `reason`, which must not be OK.
  virtual void Close(const absl::Status& reason) = 0;
};

// One unary call that waits for its answer: at once or in a later turn. Owned by who answers; the peer may leave
// meanwhile. Destroying it unanswered refuses with Unavailable. Not used any more once the server is gone.
class UnaryCall {
 public:
  virtual ~UnaryCall() = default;

  virtual std::string_view method() const = 0;  // what follows "/protobuf.Transport/"
  virtual const Metadata& metadata() const = 0;
  virtual std::string_view request() const = 0;

  virtual GrpcConnection* connection() = 0;  // null: the peer waits no more
  // Once. Unimplemented: the method is not known here; the server says so in the words of the protocol.
  virtual void Answer(absl::StatusOr<std::string> answer) = 0;
};

// Owned by Gateway; lives on one loop. Destroying it (also from inside its call-backs) closes all connections without
// further calls to the delegate; streams that still have an owner end with Unavailable later in that turn.
class GrpcServer final {
 public:
  // Outlives the server.
  class Delegate {
   public:
    virtual ~Delegate() = default;
    // A `/protobuf.Transport/Connect`. Set a receiver and answer, or refuse with Finish(status): before the first
    // packet the refusal is all the peer gets.
    virtual void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) = 0;
    // Any other method of the service.
    virtual void OnUnary(std::unique_ptr<UnaryCall> call) = 0;
    // A connection of who proved to be `who` is cut; its streams end later. ResourceExhausted: it sent too much;
    // Internal: what it sent is no HTTP/2. Called from inside of what led to it.
    virtual void OnCut(const std::string& /*who*/, const absl::Status& /*why*/) {}
    // The connection of that id has ended, whoever ended it; nothing comes from it any more.
    virtual void OnConnectionEnd(uint64_t) {}
  };

  GrpcServer(Loop& loop, Delegate& delegate);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  void Accept(std::unique_ptr<ByteStream> bytes);

  // Tells every peer to open nothing new (GOAWAY in two steps), lets streams go on for `grace`, then closes what is
  // left. New connections are closed at once. Calls `done` on the loop when no connection is left.
  void Drain(absl::Duration grace, absl::AnyInvocable<void()> done);

  size_t connection_count() const { return connections_.size(); }
  // Received and not yet delivered, or queued and not yet sent, over all connections.
  size_t held_bytes() const;

 private:
  class Connection;
  class UnaryAnswer;

  void Remove(uint64_t id);
  void DropSilent();

  Loop& loop_;
  Delegate& delegate_;
  const std::shared_ptr<Http2Buffers> buffers_;  // shared with sessions, which end a little later than the server
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t last_id_ = 0;
  absl::AnyInvocable<void()> drained_;  // set: draining
  std::unique_ptr<Timer> drain_timer_;
};

}  // namespace hoop

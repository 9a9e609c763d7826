// The listening end of gRPC: accepted connections in, packet streams and unary calls out.
// Called by gateway/ with what front/ accepted; runs one Http2Session per connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/loop.h"
#include "net/byte_stream.h"
#include "transport/http2_session.h"
#include "wire/packet_stream.h"

namespace hoop {

// One accepted HTTP/2 connection, as those see it who serve its streams. Valid until the last of its streams told
// OnEnd or was destroyed; id() stays unique beyond that.
class GrpcConnection {
 public:
  virtual ~GrpcConnection() = default;

  // Never used twice by one server: which streams came on the same connection.
  virtual uint64_t id() const = 0;
  virtual const std::string& peer() const = 0;

  // The peer proved who it is: wide limits from now on, and the socket's own limits for strangers end. Idempotent.
  virtual void Authenticated() = 0;

  // Tells the peer (GOAWAY) and closes at the end of this turn. Streams end with `reason`, which must not be OK.
  virtual void Close(const absl::Status& reason) = 0;
};

// Owned by Gateway; lives on one loop. Destroying it closes all connections without further call-backs to Delegate;
// it must not be destroyed from inside a call-back of its own.
class GrpcServer final : private Http2Session::Delegate {
 public:
  // Outlives the server.
  class Delegate {
   public:
    virtual ~Delegate() = default;
    // A `/protobuf.Transport/Connect`. Set a receiver and answer, or refuse with Finish(status): before the first
    // packet the refusal is all the peer gets.
    virtual void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) = 0;
    // Any other method of the service. `path` is what follows "/protobuf.Transport/". Unimplemented: not known here,
    // the server says so in the words of the protocol.
    virtual absl::StatusOr<std::string> OnUnary(std::string_view path, const Metadata& metadata,
                                                std::string_view request) = 0;
  };

  GrpcServer(Loop& loop, Delegate& delegate);
  ~GrpcServer() override;
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  void Accept(std::unique_ptr<ByteStream> bytes);

  // Tells every peer to open nothing new (GOAWAY in two steps), lets streams go on for `grace`, then closes what is
  // left. New connections are closed at once. Calls `done` when no connection is left.
  void Drain(absl::Duration grace, absl::AnyInvocable<void()> done);

  size_t connection_count() const { return connections_.size(); }
  // Bytes received and not yet delivered, and queued but not yet sent, over all connections.
  size_t held_bytes() const;

 private:
  class Connection;

  void OnCall(Http2Session& session, GrpcCall& call) override;
  void OnSessionClosed(Http2Session& session, const absl::Status& reason) override;
  void FinishDrain();

  Loop& loop_;
  Delegate& delegate_;
  const std::shared_ptr<Http2Buffers> buffers_;
  std::vector<std::unique_ptr<Connection>> connections_;
  uint64_t last_id_ = 0;
  bool draining_ = false;
  std::unique_ptr<Timer> drain_timer_;
  absl::AnyInvocable<void()> drained_;
};

}  // namespace hoop

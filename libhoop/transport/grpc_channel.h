// The dialling end of gRPC: one connection to a gateway, many streams and unary calls on it.
// Used by agent/ and client/ over what net/dial.h connected.
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

// Owned by who dialled; lives on one loop. May be destroyed from inside any call-back of its own or of its streams;
// streams that still have an owner end with Unavailable then. `on_closed` comes once, when the connection is over for
// any other reason, after the streams were told.
class GrpcChannel final : private Http2Session::Delegate {
 public:
  struct Options {
    std::string authority;   // host:port that was dialled
    std::string user_agent;  // "hoopagent/1.0.0"
    bool tls = false;        // only what `:scheme` says; the bytes are encrypted below
    // How often to ask whether the peer lives; zero: never. Two unanswered pings break the connection.
    absl::Duration ping_interval = absl::ZeroDuration();
  };
  using OnClosed = absl::AnyInvocable<void(const absl::Status&)>;
  using OnUnaryDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  static std::unique_ptr<GrpcChannel> Create(Loop& loop, std::unique_ptr<ByteStream> bytes, Options options,
                                             OnClosed on_closed);
  ~GrpcChannel();
  GrpcChannel(const GrpcChannel&) = delete;
  GrpcChannel& operator=(const GrpcChannel&) = delete;

  // A `/protobuf.Transport/Connect`. Never fails here: on a connection that is over, or that the peer drains, the
  // stream ends with Unavailable. Write at once; the gateway answers when it has something to say.
  std::unique_ptr<PacketStream> OpenStream(Metadata metadata);

  // One request, one answer. `path` is what follows "/protobuf.Transport/". `done` comes once, unless the channel is
  // destroyed first. DeadlineExceeded: no answer within `timeout`.
  void CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                 absl::Duration timeout = absl::InfiniteDuration());

  // Keepalive from now on (when the gateway granted "ping"); zero stops it.
  void SetPingInterval(absl::Duration interval);

  // false: the connection is over or the peer drains it; dial anew for what comes.
  bool accepts_streams() const;
  size_t held_bytes() const;

 private:
  GrpcChannel(Loop& loop, Options options, OnClosed on_closed);

  void OnCall(Http2Session& session, GrpcCall& call) override;
  void OnSessionClosed(Http2Session& session, const absl::Status& reason) override;
  void RefuseSoon();
  GrpcCall* StartCall(std::string_view path, const Metadata& metadata, absl::Duration timeout);

  Loop& loop_;
  const Options options_;
  OnClosed on_closed_;
  std::vector<OnUnaryDone> refused_;  // calls that came too late, to be told in a later turn
  std::unique_ptr<Timer> refused_timer_;
  std::unique_ptr<Http2Session> session_;
};

}  // namespace hoop

// The dialling end of gRPC: one connection to a gateway, many streams and unary calls on it.
// Made by GrpcGatewayDialer over what net/dial.h connected.
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
#include "transport/gateway_dialer.h"
#include "transport/http2_session.h"

namespace hoop {

// As GatewayChannel says; may be destroyed from inside its own call-back, too. `on_closed` comes once, when the
// connection is over for any other reason than that, after the streams were told.
class GrpcChannel final : public GatewayChannel, private Http2Session::Delegate {
 public:
  struct Options {
    std::string authority;   // host:port that was dialled
    std::string user_agent;  // "hoopagent/1.0.0"
    bool tls = false;        // only what `:scheme` says; the bytes are encrypted below
    // How often to ask whether the peer lives; zero: never. Two unanswered pings break the connection.
    absl::Duration ping_interval = absl::ZeroDuration();
  };
  using OnClosed = absl::AnyInvocable<void(const absl::Status&)>;

  static std::unique_ptr<GrpcChannel> Create(Loop& loop, std::unique_ptr<ByteStream> bytes, Options options,
                                             OnClosed on_closed);
  ~GrpcChannel() override;
  GrpcChannel(const GrpcChannel&) = delete;
  GrpcChannel& operator=(const GrpcChannel&) = delete;

  std::unique_ptr<PacketStream> OpenStream(Metadata metadata) override;
  void CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                 absl::Duration timeout = absl::InfiniteDuration()) override;
  void SetPingInterval(absl::Duration interval) override;
  bool accepts_streams() const override;
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

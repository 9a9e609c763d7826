// A channel of gRPC C++ as GatewayChannel. Made by GrpcCppDialer.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "transport/gateway_dialer.h"
#include "transport/grpc/pending_calls.h"

namespace hoop {

class GrpcCppStream;

// As GatewayChannel says. gRPC would dial again by itself; this channel is over when its connection is. gRPC C++ has
// no public ping: whether the gateway lives is asked by HealthCheck, to which any gateway has some answer.
class GrpcCppChannel final : public GatewayChannel {
 public:
  GrpcCppChannel(std::shared_ptr<PendingCalls> calls, std::shared_ptr<grpc::Channel> channel, std::string peer);
  ~GrpcCppChannel() override;

  std::unique_ptr<PacketStream> OpenStream(Metadata metadata) override;
  void CallUnary(std::string_view path, Metadata metadata, std::string request, OnUnaryDone done,
                 absl::Duration timeout = absl::InfiniteDuration()) override;
  void SetPingInterval(absl::Duration interval) override;
  bool accepts_streams() const override;

  // Dials: calls `done` with OK once the gateway answered anything, else with why it did not.
  void Connect(absl::Duration timeout, absl::AnyInvocable<void(const absl::Status&)> done);
  // Calls `answered` when the gateway answers; not at all when it does not.
  void Ask(absl::AnyInvocable<void()> answered);

  // --- For its streams ---
  void AddStream(GrpcCppStream& stream) { streams_.insert(&stream); }
  void RemoveStream(GrpcCppStream& stream) { streams_.erase(&stream); }

 private:
  class UnaryCall;

  void StartUnary(std::string_view path, const Metadata& metadata, std::string request, OnUnaryDone done,
                  absl::Duration timeout);
  void KeepAlive();
  void EndStreams(const absl::Status& reason);
  absl::Status WhyUnavailable() const;

  const std::shared_ptr<PendingCalls> calls_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string peer_;
  std::set<GrpcCppStream*> streams_;
  std::set<std::unique_ptr<UnaryCall>> unary_calls_;
  absl::Status broken_;
  absl::Duration ping_interval_ = absl::ZeroDuration();
  int questions_unanswered_ = 0;
  std::unique_ptr<Timer> ping_timer_;
};

}  // namespace hoop

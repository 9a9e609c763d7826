// The first look at a gRPC stream: who says it comes from where, and with which credentials. Hands it to client_entry
// or agent_entry. Answers the unary calls.
#pragma once

#include <string>
#include <string_view>

#include "gateway/agent_entry.h"
#include "gateway/client_entry.h"
#include "transport/grpc_server.h"

namespace hoop {

// Owned by Gateway; loop thread only.
class StreamEntry final : public GrpcServer::Delegate {
 public:
  StreamEntry(ClientEntry& clients, AgentEntry& agents) : clients_(clients), agents_(agents) {}

  // InvalidArgument "missing client origin", Unauthenticated "invalid authentication": as real peers expect.
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override;
  void OnUnary(std::unique_ptr<UnaryCall> call) override;

 private:
  ClientEntry& clients_;
  AgentEntry& agents_;
};

}  // namespace hoop

// The first look at a gRPC stream: who says it comes from where, and with which credentials. Hands it to client_entry,
// proxy_manager_entry or agent_entry. Answers the unary calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "gateway/admission.h"
#include "gateway/agent_entry.h"
#include "gateway/client_entry.h"
#include "gateway/proxy_manager_entry.h"
#include "transport/grpc_server.h"

namespace hoop {

// Owned by Gateway; loop thread only.
class StreamEntry final : public GrpcServer::Delegate {
 public:
  // `log_calls`: as GatewayOptions says.
  StreamEntry(Admission& admission, ClientEntry& clients, ProxyManagerEntry& proxy_managers, AgentEntry& agents,
              Log log = {}, int log_calls = 0)
      : admission_(admission),
        clients_(clients),
        proxy_managers_(proxy_managers),
        agents_(agents),
        log_(log),
        log_calls_(log_calls) {}

  // InvalidArgument "missing client origin", Unauthenticated "invalid authentication": as real peers expect.
  // ResourceExhausted: a connection with these credentials was cut.
  void OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) override;
  void OnUnary(std::unique_ptr<UnaryCall> call) override;
  void OnCut(const std::string& who, const absl::Status& why) override { admission_.OnCut(who, why); }
  void OnConnectionEnd(uint64_t id) override { agents_.OnConnectionEnd(id); }

 private:
  void LogCall(std::string_view method, std::string_view peer, const Metadata& metadata) const;

  Admission& admission_;
  ClientEntry& clients_;
  ProxyManagerEntry& proxy_managers_;
  AgentEntry& agents_;
  const Log log_;
  const int log_calls_;
};

}  // namespace hoop

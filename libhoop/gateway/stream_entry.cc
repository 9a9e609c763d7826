#include "gateway/stream_entry.h"

#include <utility>

#include "base/status.h"
#include "identity/bearer.h"

namespace hoop {

void StreamEntry::OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) {
  Admission::Candidate candidate{std::move(stream), &connection};
  const Metadata& metadata = candidate.stream->metadata();
  const std::string origin(metadata.Get(header::kOrigin));
  if (origin.empty()) return candidate.Refuse(InvalidArgument("missing client origin"));
  const auto token = BearerToken(metadata.Get(header::kAuthorization));
  if (!token) return candidate.Refuse(Unauthenticated("invalid authentication"));
  const std::string bearer(*token);
  const bool of_agent = origin == "agent";
  if (of_agent && !metadata.Get(header::kStreamToken).empty()) {
    agents_.EnterDataStream(std::move(candidate), bearer);
  } else if (of_agent) {
    agents_.Enter(std::move(candidate), bearer);
  } else if (!metadata.Get(header::kSession).empty()) {
    clients_.EnterDataStream(std::move(candidate), bearer);
  } else if (origin == "client-proxymanager") {
    candidate.Refuse(Unimplemented("the proxy manager is not served by this gateway"));
  } else {
    clients_.Enter(std::move(candidate), bearer);
  }
}

void StreamEntry::OnUnary(std::unique_ptr<UnaryCall> call) {
  if (call->method() == "HealthCheck") return call->Answer("\x0a\x02OK");  // HealthCheckResponse{status: "OK"}
  if (call->method() == "PreConnect") return agents_.PreConnect(std::move(call));
  call->Answer(Unimplemented("unknown method"));
}

}  // namespace hoop

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

absl::StatusOr<std::string> StreamEntry::OnUnary(std::string_view path, const Metadata&, std::string_view) {
  if (path == "HealthCheck") return std::string("\x0a\x02OK");  // HealthCheckResponse{status: "OK"}
  return Unimplemented("unknown method {} for service protobuf.Transport", path);
}

}  // namespace hoop

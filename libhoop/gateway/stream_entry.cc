#include "gateway/stream_entry.h"

#include <utility>

#include "base/status.h"
#include "identity/bearer.h"

namespace hoop {

void StreamEntry::OnStream(std::unique_ptr<PacketStream> stream, GrpcConnection& connection) {
  LogCall("Connect", connection.peer(), stream->metadata());
  Admission::Candidate candidate{std::move(stream), &connection};
  const Metadata& metadata = candidate.stream->metadata();
  const std::string origin(metadata.Get(header::kOrigin));
  if (origin.empty()) return candidate.Refuse(InvalidArgument("missing client origin"));
  const auto token = BearerToken(metadata.Get(header::kAuthorization));
  if (!token) return candidate.Refuse(Unauthenticated("invalid authentication"));
  const std::string bearer(*token);
  const bool of_agent = origin == "agent";
  // Streams of sessions that go on are not new: a flood on another connection of the same peer does not end them.
  if (of_agent && !metadata.Get(header::kStreamToken).empty()) {
    return agents_.EnterDataStream(std::move(candidate), bearer);
  }
  if (!of_agent && !metadata.Get(header::kSession).empty()) {
    return clients_.EnterDataStream(std::move(candidate), bearer);
  }
  if (const absl::Status allowed = admission_.CheckBearer(bearer); !allowed.ok()) return candidate.Refuse(allowed);
  if (of_agent) {
    agents_.Enter(std::move(candidate), bearer);
  } else if (origin == "client-proxymanager") {
    proxy_managers_.Enter(std::move(candidate), bearer);
  } else {
    clients_.Enter(std::move(candidate), bearer);
  }
}

void StreamEntry::OnUnary(std::unique_ptr<UnaryCall> call) {
  LogCall(call->method(), "", call->metadata());
  if (call->method() == "HealthCheck") return call->Answer("\x0a\x02OK");  // HealthCheckResponse{status: "OK"}
  if (call->method() == "PreConnect") {
    const auto token = BearerToken(call->metadata().Get(header::kAuthorization));
    if (!token) return call->Answer(Unauthenticated("invalid authentication"));
    if (const absl::Status allowed = admission_.CheckBearer(*token); !allowed.ok()) return call->Answer(allowed);
    return agents_.PreConnect(std::move(call), std::string(*token));
  }
  call->Answer(Unimplemented("unknown method"));
}

// Values of headers hold tokens: only the one that says who calls is shown.
void StreamEntry::LogCall(std::string_view method, std::string_view peer, const Metadata& metadata) const {
  if (log_calls_ == 0) return;
  std::string names;
  for (const auto& [name, value] : metadata.entries()) names += (names.empty() ? "" : ",") + name;
  log_.Info("grpc call", "method", method, "peer", peer, "origin", metadata.Get(header::kOrigin), "headers",
            log_calls_ > 1 ? names : "-");
}

}  // namespace hoop

#include "gateway/agent_entry.h"

#include <map>
#include <utility>

#include "base/status.h"
#include "identity/bearer.h"
#include "identity/digest.h"
#include "wire/capabilities.h"
#include "wire/pre_connect.h"

namespace hoop {
namespace {

// Agents of this mode bring their connection along, which this gateway does not take from them.
constexpr char kMultiConnection[] = "multi-connection";
constexpr char kNoCertificate[] = "agents of this gateway need a client certificate (TLS_CLIENT_CERT)";
constexpr char kNoOwnConnections[] = "connections that an agent brings along are not served by this gateway";

// What is kept of an agent's headers: shown to administrators.
std::map<std::string, std::string> KeptMetadata(const Metadata& metadata) {
  std::map<std::string, std::string> kept;
  for (const std::string_view name : {header::kVersion, header::kHostname, header::kPlatform, header::kMachineId,
                                      header::kKernelVersion, header::kGoVersion, header::kCompiler}) {
    kept.emplace(name, metadata.Get(name));
  }
  return kept;
}

}  // namespace

AgentEntry::AgentEntry(Log log, Clock& clock, Store& store, AgentVerifier& verifier, AgentRouter& router,
                       Admission& admission, bool demands_certificates)
    : log_(log),
      clock_(clock),
      store_(store),
      verifier_(verifier),
      router_(router),
      admission_(admission),
      demands_certificates_(demands_certificates) {}

void AgentEntry::Enter(Admission::Candidate candidate, std::string bearer) {
  if (closed_) return candidate.Refuse(Unavailable("gateway shutdown"));
  if (demands_certificates_ && candidate.connection->VerifiedSubject().empty()) {
    log_.Warning("agent refused", "peer", candidate.connection->peer(), "reason", "it shows no client certificate");
    return candidate.Refuse(Unauthenticated("{}", kNoCertificate));
  }
  std::string bearer_hash = Sha256(bearer);
  admission_.Ask<AgentRow>(
      std::move(candidate), [this, bearer = std::move(bearer)] { return verifier_.Verify(bearer); },
      [this, bearer_hash = std::move(bearer_hash)](Admission::Candidate back, absl::StatusOr<AgentRow> row) {
        if (!row.ok()) return back.Refuse(row.status());
        if (row->mode == kMultiConnection) {
          const bool is_named = !back.stream->metadata().Get(header::kConnectionName).empty();
          return back.Refuse(
              FailedPrecondition("{}", is_named ? kNoOwnConnections : "missing connection-name attribute"));
        }
        back.connection->Authenticated();
        Register(std::move(back), *row, bearer_hash);
      });
}

void AgentEntry::EnterDataStream(Admission::Candidate candidate, std::string_view bearer) {
  const std::string token(candidate.stream->metadata().Get(header::kStreamToken));
  const absl::Status offered = router_.OfferStream(token, Sha256(bearer), candidate.stream);
  if (!offered.ok()) candidate.Refuse(offered);
}

void AgentEntry::PreConnect(std::unique_ptr<UnaryCall> call) {
  if (demands_certificates_ && call->VerifiedSubject().empty())
    return call->Answer(Unauthenticated("{}", kNoCertificate));
  const auto token = BearerToken(call->metadata().Get(header::kAuthorization));
  if (!token) return call->Answer(Unauthenticated("invalid authentication"));
  auto request = ParsePreConnectRequest(call->request());
  if (!request.ok()) return call->Answer(request.status());
  admission_.Ask<AgentRow>(
      std::move(call), [this, bearer = std::string(*token)] { return verifier_.Verify(bearer); },
      [this, name = request->name](std::unique_ptr<UnaryCall> back, absl::StatusOr<AgentRow> row) {
        if (!row.ok()) return back->Answer(row.status());
        back->Authenticated();
        if (!name.empty()) return back->Answer(EncodePreConnectResponse("BACKOFF", kNoOwnConnections));
        back->Answer(EncodePreConnectResponse(router_.IsAwaited(row->id) ? "CONNECT" : "BACKOFF", ""));
      });
}

void AgentEntry::Register(Admission::Candidate candidate, const AgentRow& row, std::string bearer_hash) {
  const Metadata& metadata = candidate.stream->metadata();
  AgentInfo info;
  info.agent.id = row.id;
  info.agent.name = row.name;
  info.agent.org_id = row.org_id;
  info.agent.version = std::string(metadata.Get(header::kVersion));
  info.agent.hostname = std::string(metadata.Get(header::kHostname));
  info.agent.platform = std::string(metadata.Get(header::kPlatform));
  info.bearer_hash = std::move(bearer_hash);
  info.capabilities = Common(kAllCapabilities, ParseCapabilities(metadata.Get(header::kCapabilities)));
  auto kept = KeptMetadata(metadata);
  router_.Register(std::move(info), std::move(candidate.stream),
                   [this, id = row.id, name = row.name, kept = std::move(kept)](const absl::Status& status) {
                     if (!status.ok()) {
                       log_.Warning("agent refused", "agent", name, "reason", StatusText(status));
                       return;
                     }
                     (void)admission_.Post([this, id, kept] {
                       const absl::Status stored = store_.agents().SetConnected(id, kept, clock_.Now());
                       if (!stored.ok())
                         log_.Warning("agent row not updated", "agent", id, "reason", StatusText(stored));
                     });
                   });
}

}  // namespace hoop

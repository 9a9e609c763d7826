#include "gateway/agent_entry.h"

#include <map>
#include <utility>

#include "base/agent_dsn.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"
#include "wire/capabilities.h"
#include "wire/pre_connect.h"

namespace hoop {
namespace {

constexpr char kNoCertificate[] = "agents of this gateway need a client certificate (TLS_CLIENT_CERT)";

// What is kept of an agent's headers: shown to administrators.
std::map<std::string, std::string> KeptMetadata(const Metadata& metadata) {
  std::map<std::string, std::string> kept;
  for (const std::string_view name : {header::kVersion, header::kHostname, header::kPlatform, header::kMachineId,
                                      header::kKernelVersion, header::kGoVersion, header::kCompiler}) {
    kept.emplace(name, metadata.Get(name));
  }
  return kept;
}

// The agent asks for what it cannot have; anything else is our own trouble and may be over when it asks again.
bool IsOfTheAgent(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status);
}

}  // namespace

AgentEntry::AgentEntry(Log log, Clock& clock, Store& store, AgentVerifier& verifier, PublishedConnections& published,
                       AgentRouter& router, Admission& admission, bool demands_certificates)
    : log_(log),
      clock_(clock),
      store_(store),
      verifier_(verifier),
      published_(published),
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
  const Metadata& metadata = candidate.stream->metadata();
  std::string connection(metadata.Get(header::kConnectionName));
  std::string items(metadata.Get(header::kConnectionItems));
  admission_.Ask<Verified>(
      std::move(candidate), Admission::Asked::kStore,
      [this, bearer = std::move(bearer), connection = std::move(connection), items = std::move(items)] {
        return Verify(bearer, connection, items);
      },
      [this, bearer_hash = std::move(bearer_hash)](Admission::Candidate back, absl::StatusOr<Verified> verified) {
        if (!verified.ok()) return back.Refuse(verified.status());
        const absl::Status let_in = admission_.LetIn(*back.connection, verified->row.id, bearer_hash);
        if (!let_in.ok()) return back.Refuse(let_in);
        Register(std::move(back), *std::move(verified), bearer_hash);
      });
}

// On the worker. Old agents of other modes name no connection; what one of mode standard says of it does not matter.
absl::StatusOr<AgentEntry::Verified> AgentEntry::Verify(const std::string& bearer, const std::string& connection,
                                                        const std::string& items) {
  HOOP_ASSIGN_OR_RETURN(AgentRow row, verifier_.Verify(bearer));
  if (row.mode == kMultiConnection && connection.empty()) {
    return FailedPrecondition("missing connection-name attribute");
  }
  std::vector<std::string> routes;
  if (row.mode == "standard") {
    routes = {row.id};
  } else if (!connection.empty()) {
    HOOP_ASSIGN_OR_RETURN(routes.emplace_back(), published_.RouteTo(row, connection));
  } else {
    HOOP_ASSIGN_OR_RETURN(const std::vector<std::string> names, ParseConnectionItems(items));
    for (const std::string& name : names) {
      HOOP_ASSIGN_OR_RETURN(routes.emplace_back(), published_.RouteTo(row, ItemConnectionName(row, name)));
    }
    if (routes.empty()) routes = {row.id};
  }
  return Verified{std::move(row), std::move(routes)};
}

void AgentEntry::EnterDataStream(Admission::Candidate candidate, std::string_view bearer) {
  const std::string token(candidate.stream->metadata().Get(header::kStreamToken));
  const absl::Status offered = router_.OfferStream(token, Sha256(bearer), candidate.stream);
  if (!offered.ok()) candidate.Refuse(offered);
}

void AgentEntry::PreConnect(std::unique_ptr<UnaryCall> call, std::string bearer) {
  const GrpcConnection* const connection = call->connection();
  if (demands_certificates_ && (connection == nullptr || connection->VerifiedSubject().empty()))
    return call->Answer(Unauthenticated("{}", kNoCertificate));
  auto request = ParsePreConnectRequest(call->request());
  if (!request.ok()) return call->Answer(request.status());
  std::string name = request->name;
  std::string bearer_hash = Sha256(bearer);
  admission_.Ask<Polled>(
      std::move(call),
      [this, bearer = std::move(bearer), request = *std::move(request)] { return Poll(bearer, request); },
      [this, name = std::move(name), bearer_hash = std::move(bearer_hash)](std::unique_ptr<UnaryCall> back,
                                                                           absl::StatusOr<Polled> polled) {
        if (!polled.ok()) return back->Answer(polled.status());
        if (GrpcConnection* const connection = back->connection(); connection != nullptr) {
          const absl::Status let_in = admission_.LetIn(*connection, polled->row.id, bearer_hash);
          if (!let_in.ok()) return back->Answer(let_in);
        }
        AnswerPoll(*back, *polled, name);
      });
}

// On the worker.
absl::StatusOr<AgentEntry::Polled> AgentEntry::Poll(const std::string& bearer, const PreConnectRequest& request) {
  HOOP_ASSIGN_OR_RETURN(AgentRow row, verifier_.Verify(bearer));
  Polled polled{.row = std::move(row)};
  if (request.name.empty()) {
    polled.route = polled.row.id;
    return polled;
  }
  absl::StatusOr<std::string> route = published_.Publish(polled.row, request);
  if (route.ok()) {
    polled.route = *std::move(route);
  } else if (IsOfTheAgent(route.status())) {
    polled.refused = route.status();
  } else {
    return route.status();
  }
  return polled;
}

void AgentEntry::AnswerPoll(UnaryCall& call, const Polled& polled, const std::string& name) {
  if (!polled.refused.ok()) {
    const std::string text = StatusText(polled.refused);
    log_.Warning("connection of an agent refused", "agent", polled.row.name, "connection", name, "reason", text);
    // Who waits for it by a name that it had is told, too.
    router_.FailWaiting(RouteOf(polled.row, name), Aborted("{}", text));
    return call.Answer(EncodePreConnectResponse(kPreConnectLater, text));
  }
  const bool is_ours = ParseCapabilities(call.metadata().Get(header::kCapabilities)).any();
  NotePoll(call, polled, is_ours);
  // Ours are called at once, for the sake of the first user, who would wait until they ask again. The one that is
  // connected already serves them; another process of the same key stands by.
  const bool is_needed = router_.IsAwaited(polled.route) || (is_ours && !router_.Find(polled.route).ok());
  call.Answer(EncodePreConnectResponse(is_needed ? kPreConnectNow : kPreConnectLater, ""));
}

// Real agents may ask on a connection each, so that its end says nothing; ours ask on one, which they say.
void AgentEntry::NotePoll(UnaryCall& call, const Polled& polled, bool is_ours) {
  if (is_ours && call.connection() == nullptr) return;  // it ended while we looked
  const uint64_t connection = is_ours ? call.connection()->id() : 0;
  router_.NotePoll(polled.row.id, connection);
  if (polled.route != polled.row.id) router_.NotePoll(polled.route, connection);
}

void AgentEntry::Register(Admission::Candidate candidate, Verified verified, std::string bearer_hash) {
  const AgentRow& row = verified.row;
  const Metadata& metadata = candidate.stream->metadata();
  AgentInfo info;
  info.agent.id = row.id;
  info.agent.name = row.name;
  info.agent.org_id = row.org_id;
  info.agent.version = std::string(metadata.Get(header::kVersion));
  info.agent.hostname = std::string(metadata.Get(header::kHostname));
  info.agent.platform = std::string(metadata.Get(header::kPlatform));
  info.routes = std::move(verified.routes);
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

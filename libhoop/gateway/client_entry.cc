#include "gateway/client_entry.h"

#include <utility>
#include <variant>

#include "base/connection_types.h"
#include "base/correlation_id.h"
#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "gateway/linked_agent_leg.h"
#include "identity/agent_keys.h"
#include "identity/digest.h"
#include "session/session.h"
#include "session/stages/access_stage.h"
#include "wire/capabilities.h"
#include "wire/packet_types.h"
#include "wire/spec_keys.h"

namespace hoop {

namespace {

constexpr char kUserNotActive[] = "user is not active";
constexpr char kOffline[] = "agent is offline";  // the words that real peers look for

// Whom to look for, behind them: for those who show it to somebody.
absl::Status OfflineOf(const ConnectionRow& connection, const absl::StatusOr<AgentRow>& agent) {
  if (connection.managed_by == kManagedByAgent) {
    return FailedPrecondition(
        "{}: {} is served by a process that brings it along, as `hoop run` does: start that again", kOffline,
        connection.name);
  }
  if (!agent.ok()) {
    return FailedPrecondition(
        "{}: {} is served by an agent that was deleted: `hoop admin update connection {} -a AGENT` gives it another",
        kOffline, connection.name, connection.name);
  }
  return FailedPrecondition("{}: {} is served by agent {}: start hoop-agent there, or see its log", kOffline,
                            connection.name, agent->name);
}

}  // namespace

// A candidate whose agent is offline, while somebody still hopes.
struct ClientEntry::Offline final : PacketStream::Receiver {
  void OnPacket(Packet) override {}  // not read
  void OnEnd(const absl::Status&) override {
    entry->loop_.DestroyLater(std::move(entry->offline_.extract(key).mapped()));
  }

  ClientEntry* entry = nullptr;
  uint64_t key = 0;
  Admission::Candidate candidate;
  Admitted admitted;
  std::unique_ptr<AgentRouter::Waiting> waiting;
};

ClientEntry::ClientEntry(Loop& loop, Log log, Clock& clock, Store& store, IdpVerifier& verifier, AuditStore& audit,
                         AgentRouter& router, SessionDirectory& sessions, Admission& admission,
                         UnbegunSessions& unbegun)
    : loop_(loop),
      log_(log),
      clock_(clock),
      store_(store),
      verifier_(verifier),
      audit_(audit),
      router_(router),
      sessions_(sessions),
      admission_(admission),
      unbegun_(unbegun) {}

ClientEntry::~ClientEntry() = default;

void ClientEntry::Enter(Admission::Candidate candidate, std::string bearer) {
  const auto asked = verifier_.MayWait(bearer) ? Admission::Asked::kIssuer : Admission::Asked::kStore;
  Admit(std::move(candidate), asked,
        [this, bearer = std::move(bearer)](const Metadata& metadata) { return Authorize(bearer, metadata); });
}

void ClientEntry::EnterOwn(Admission::Candidate candidate, OwnCommand command) {
  Admit(std::move(candidate), Admission::Asked::kStore,
        [this, command = std::move(command)](const Metadata& metadata) { return AdmitOwn(command, metadata); });
}

void ClientEntry::Admit(Admission::Candidate candidate, Admission::Asked asked, Judge judge) {
  if (closed_) return candidate.Refuse(Unavailable("gateway shutdown"));
  if (sessions_.size() >= limits::kSessionsMax) {
    return candidate.Refuse(ResourceExhausted("more than {} sessions are going on", limits::kSessionsMax));
  }
  Metadata metadata = candidate.stream->TakeMetadata();
  admission_.Ask<Admitted>(
      std::move(candidate), asked,
      [judge = std::move(judge), metadata = std::move(metadata)]() mutable { return judge(metadata); },
      [this](Admission::Candidate back, absl::StatusOr<Admitted> admitted) {
        if (!admitted.ok()) return back.Refuse(admitted.status());
        if (back.connection != nullptr) {
          const absl::Status let_in =
              admission_.LetIn(*back.connection, admitted->context.head.user_id, admitted->user_key);
          if (!let_in.ok()) return back.Refuse(let_in);
        }
        AwaitAgent(std::move(back), *std::move(admitted));
      });
}

void ClientEntry::EnterDataStream(Admission::Candidate candidate, std::string_view bearer) {
  const Metadata metadata = candidate.stream->TakeMetadata();
  const std::string session_id(metadata.Get(header::kSession));
  const std::string connection_id(metadata.Get(header::kConnection));
  const absl::Status offered = sessions_.OfferStream(session_id, Sha256(bearer), connection_id, candidate.stream);
  if (!offered.ok()) candidate.Refuse(offered);
}

// ---- On the worker -------------------------------------------------------------------------------------------------

absl::StatusOr<ClientEntry::Admitted> ClientEntry::Authorize(const std::string& bearer,
                                                             const Metadata& metadata) const {
  auto identity = verifier_.Verify(bearer, clock_.Now());
  if (!identity.ok()) {
    if (identity.status().code() != absl::StatusCode::kUnauthenticated) return identity.status();
    log_.Debug("client refused", "reason", StatusText(identity.status()));
    // Only who holds a good token of that account is told more.
    const bool inactive = StatusText(identity.status()) == kUserNotActive;
    return Unauthenticated("{}", inactive ? kUserNotActive : "invalid authentication");
  }
  HOOP_ASSIGN_OR_RETURN(const ConnectionRow connection, FindConnection(*identity, metadata));
  SessionContext context = BuildContext(*identity, connection, metadata);
  HOOP_RETURN_IF_ERROR(CheckServed(context.head, connection));
  const std::string correlation_id(metadata.Get(header::kCorrelationId));
  HOOP_RETURN_IF_ERROR(CheckCorrelationId(header::kCorrelationId, correlation_id));
  const auto agent = store_.agents().Find(identity->org_id, connection.agent_id);
  const bool on_demand = agent.ok() && agent->mode != "standard";
  const bool is_ours = context.client_capabilities.any();
  return Admitted{.context = std::move(context),
                  .user_key = Sha256(bearer),
                  .bearer = bearer,
                  .route = RouteOf(connection),
                  .agent_on_demand = on_demand,
                  .offline = is_ours ? OfflineOf(connection, agent) : FailedPrecondition("{}", kOffline),
                  .notes = {.connection_tags = connection.connection_tags, .correlation_id = correlation_id}};
}

absl::StatusOr<ClientEntry::Admitted> ClientEntry::AdmitOwn(const OwnCommand& command, const Metadata& metadata) const {
  HOOP_ASSIGN_OR_RETURN(const ConnectionRow connection, FindConnection(command.identity, metadata));
  SessionContext context = BuildContext(command.identity, connection, metadata);
  context.head.session_id = command.session_id;
  context.is_timed = true;  // its open is ours
  SessionNotes notes = command.notes;
  notes.connection_tags = connection.connection_tags;
  if (const absl::Status stored = store_.sessions().Insert(context.head, notes, audit_.journal()); !stored.ok()) {
    return Annotate(stored, "failed persisting session to store");
  }
  HOOP_RETURN_IF_ERROR(CheckServed(context.head, connection));
  // Nobody shows a key of our own memory: no data stream will ever belong to it.
  return Admitted{.context = std::move(context),
                  .user_key = RandomToken(16),
                  .bearer = command.bearer,
                  .route = RouteOf(connection),
                  .offline = OfflineOf(connection, store_.agents().Find(connection.org_id, connection.agent_id)),
                  .stored = true};
}

absl::StatusOr<ConnectionRow> ClientEntry::FindConnection(const Identity& identity, const Metadata& metadata) const {
  const std::string_view verb = metadata.Get(header::kVerb);
  if (verb.empty()) return InvalidArgument("missing verb");
  if (verb != "connect" && verb != "exec") return FailedPrecondition("verb {} is not known", verb);
  ConnectionTable& connections = store_.connections();
  const std::string_view name = metadata.Get(header::kConnectionName);
  auto connection = identity.is_admin ? connections.Find(identity.org_id, name)
                                      : connections.FindVisible(identity.org_id, name, identity.groups);
  if (absl::IsNotFound(connection.status())) return NotFound("connection not found");
  if (!connection.ok()) return Annotate(connection.status(), "internal error, failed to obtain connection");
  return connection;
}

absl::Status ClientEntry::CheckServed(const SessionHead& head, const ConnectionRow& connection) {
  const bool is_exec = head.verb == "exec";
  if (is_exec ? !connection.exec_enabled : !connection.connect_enabled) {
    return FailedPrecondition("{} is disabled for this connection", head.verb);
  }
  if (is_exec && head.wire_type == "tcp") {
    return InvalidArgument("exec is not allowed for tcp type connections. Use 'hoop connect {}' instead",
                           connection.name);
  }
  const bool is_command = head.wire_type == "command-line";
  if (!is_exec && !is_command && FindProtocolPackets(head.wire_type) == nullptr) {
    return Unimplemented("connection {}: type {} is not served by this gateway", connection.name, head.wire_type);
  }
  return absl::OkStatus();
}

SessionContext ClientEntry::BuildContext(const Identity& identity, const ConnectionRow& connection,
                                         const Metadata& metadata) const {
  SessionContext context;
  SessionHead& head = context.head;
  head.session_id = NewUuid();
  head.org_id = identity.org_id;
  head.user_id = identity.user_id;
  head.user_email = identity.email;
  head.user_name = identity.name;
  head.connection = connection.name;
  head.connection_type = connection.type;
  head.connection_subtype = connection.subtype;
  head.wire_type = WireType(connection.type, connection.subtype);
  head.agent_id = connection.agent_id;
  head.verb = std::string(metadata.Get(header::kVerb));
  head.origin = std::string(metadata.Get(header::kOrigin));
  head.command = connection.command;
  head.policy = connection.record_policy;
  head.started_at = clock_.Now();

  AgentConnectionParams& params = *context.params;
  params.connection_name = connection.name;
  params.connection_type = head.wire_type;
  params.connection_subtype = connection.subtype;
  params.user_id = identity.subject;
  params.user_email = identity.email;
  params.env_vars = connection.secrets;
  params.command = connection.command;
  params.client_verb = head.verb;
  params.client_origin = head.origin;
  params.dlp_mode = "best-effort";

  context.client_capabilities = Common(kAllCapabilities, ParseCapabilities(metadata.Get(header::kCapabilities)));
  context.is_timed = context.client_capabilities.any();
  return context;
}

// ---- On the loop again ---------------------------------------------------------------------------------------------

void ClientEntry::AwaitAgent(Admission::Candidate candidate, Admitted admitted) {
  if (router_.Find(admitted.route).ok()) return StoreAndBegin(std::move(candidate), std::move(admitted));
  // Our own client tries again by itself; old ones want the agent to appear while they wait, and so do agents that
  // connect on demand, while they ask.
  const bool is_asking = admitted.agent_on_demand && router_.IsOnline(admitted.route);
  if (admitted.context.client_capabilities.any() && !is_asking) {
    Packet close(packet::kClientSessionClose,
                 {{spec::kSessionId, admitted.context.head.session_id}, {spec::kExitCode, "1"}, {spec::kRetry, "1"}},
                 StatusText(admitted.offline));
    const absl::Status offline = admitted.offline;
    return NoteAndRefuse(std::move(candidate), std::move(admitted), offline, std::move(close));
  }
  const uint64_t key = ++last_offline_;
  auto offline = std::make_unique<Offline>();
  Offline& kept = *offline;
  kept.entry = this;
  kept.key = key;
  kept.candidate = std::move(candidate);
  kept.admitted = std::move(admitted);
  offline_.emplace(key, std::move(offline));
  kept.candidate.stream->SetReading(false);
  kept.candidate.stream->SetReceiver(&kept);
  kept.waiting =
      router_.WaitFor(kept.admitted.route, limits::kAgentWaitTime, [this, key](absl::StatusOr<AgentLink*> link) {
        std::unique_ptr<Offline> back = std::move(offline_.extract(key).mapped());
        back->candidate.stream->SetReceiver(nullptr);
        back->candidate.stream->SetReading(true);
        if (link.ok()) {
          StoreAndBegin(std::move(back->candidate), std::move(back->admitted));
        } else {
          // Or its connection is not its own any more, which whoever waits is told.
          const bool stays_away = absl::IsFailedPrecondition(link.status());
          const absl::Status status = stays_away ? back->admitted.offline : link.status();
          NoteAndRefuse(std::move(back->candidate), std::move(back->admitted), status);
        }
        loop_.DestroyLater(std::move(back));
      });
}

// He might have come in: what became of that is in the list of sessions, as if it had begun. A store that is down
// changes nothing about it.
void ClientEntry::NoteAndRefuse(Admission::Candidate candidate, Admitted admitted, absl::Status status,
                                std::optional<Packet> last) {
  auto refuse = [status, last = std::move(last)](Admission::Candidate& refused) mutable {
    if (last) refused.stream->Send(*std::move(last));
    refused.Refuse(status);
  };
  if (admitted.stored || closed_) return refuse(candidate);  // who asked for the command ends it; or nobody can
  admission_.Ask<std::monostate>(
      std::move(candidate), Admission::Asked::kStore,
      [this, head = std::move(admitted.context.head), notes = std::move(admitted.notes),
       end = SessionEnd{StatusText(status), Ending::kInterruptedCode}]() -> absl::StatusOr<std::monostate> {
        HOOP_RETURN_IF_ERROR(store_.sessions().Insert(head, notes, audit_.journal()));
        loop_.Post([this, head, end] { unbegun_.End(head, end); });  // also when the peer leaves meanwhile
        return std::monostate();
      },
      [this, refuse = std::move(refuse)](Admission::Candidate back, absl::StatusOr<std::monostate> noted) mutable {
        if (!noted.ok()) log_.Warning("refused session not stored", "reason", StatusText(noted.status()));
        refuse(back);
      });
}

// The session is in the store before anybody can hear of it; a store that is down refuses new sessions.
void ClientEntry::StoreAndBegin(Admission::Candidate candidate, Admitted admitted) {
  if (admitted.stored) return Begin(std::move(candidate), std::move(admitted));
  SessionHead head = admitted.context.head;
  auto shared = std::make_unique<Admitted>(std::move(admitted));
  admission_.Ask<std::unique_ptr<Admitted>>(
      std::move(candidate), Admission::Asked::kStore,
      [this, head = std::move(head), kept = std::move(shared)]() mutable -> absl::StatusOr<std::unique_ptr<Admitted>> {
        if (const absl::Status stored = store_.sessions().Insert(head, kept->notes, audit_.journal()); !stored.ok()) {
          return StatusF(stored.code(), "failed persisting session to store, reason={}", StatusText(stored));
        }
        return std::move(kept);
      },
      [this](Admission::Candidate back, absl::StatusOr<std::unique_ptr<Admitted>> stored) {
        if (!stored.ok()) return back.Refuse(stored.status());
        Begin(std::move(back), std::move(**stored));
      });
}

void ClientEntry::Begin(Admission::Candidate candidate, Admitted admitted) {
  const std::string session_id = admitted.context.head.session_id;
  auto link = router_.Find(admitted.route);
  if (!link.ok() || closed_) {
    candidate.Refuse(closed_ ? Unavailable("gateway shutdown") : admitted.offline);
    if (!admitted.stored) OnSessionOver(session_id);  // else who asked for the command ends it
    return;
  }
  SessionContext& context = admitted.context;
  context.agent_version = (*link)->info().agent.version;
  context.agent_capabilities = (*link)->info().capabilities;
  // A client may put several protocol messages into a packet only if the agent takes them so.
  context.client_capabilities.chunks &= context.agent_capabilities.chunks;
  log_.Info("session opened", "session", session_id, "connection", context.head.connection, "user",
            context.head.user_email, "verb", context.head.verb);
  auto leg = std::make_unique<LinkedAgentLeg>(**link, session_id);
  sessions_.Add(
      std::make_unique<Session>(loop_, log_, audit_, sessions_.pacer(), std::move(context), std::move(candidate.stream),
                                std::move(leg), [this, session_id] { OnSessionOver(session_id); }),
      std::move(admitted.user_key), std::move(admitted.bearer));
}

void ClientEntry::OnSessionOver(const std::string& session_id) {
  // With a record, its seal ends the row. Without one - the client left before it opened - nobody else would.
  Session* session = sessions_.Find(session_id);
  if (session == nullptr) {
    unbegun_.EndStored(session_id, {kOffline, Ending::kInterruptedCode});
  } else if (!session->recorded()) {
    unbegun_.EndStored(session_id, {session->ending().reason, session->ending().recorded_code()});
  }
  sessions_.Remove(session_id);
}

}  // namespace hoop

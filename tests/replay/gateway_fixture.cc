#include "tests/replay/gateway_fixture.h"

#include <utility>

#include "base/agent_dsn.h"
#include "base/check.h"
#include "base/ids.h"
#include "base/status.h"
#include "gateway/exec_runs.h"
#include "gateway/session_directory.h"
#include "identity/agent_keys.h"

namespace hoop::replay {
namespace {

class OneUser final : public IdpVerifier {
 public:
  OneUser() {
    identity.user_id = "00000000-0000-4000-8000-000000000001";
    identity.subject = identity.email = "admin@example.test";
    identity.is_admin = true;
  }
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time) override {
    if (token != kUserToken) return Unauthenticated("token: unknown");
    return identity;
  }
  bool MayWait(std::string_view) const override { return false; }
  Identity identity;
};

std::unique_ptr<GrpcChannel> Dial(Loop& loop, GrpcServer& server) {
  MemoryBytes::Pair pair = MemoryBytes::Make(loop);
  server.Accept(std::move(pair.b));
  return GrpcChannel::Create(loop, std::move(pair.a), {.authority = "127.0.0.1:8010", .user_agent = "grpc-go/1.58.3"},
                             [](const absl::Status&) {});
}

}  // namespace

Peer::Peer(Loop& loop, GrpcServer& server, const Metadata& metadata)
    : channel_(Dial(loop, server)), stream_(channel_->OpenStream(metadata)) {
  stream_->SetReceiver(this);
}

void Peer::Leave() {
  stream_.reset();
  channel_.reset();
}

void Peer::OnPacket(Packet packet) {
  transcript.packets.push_back(PacketImage::Of(packet));
  if (on_packet) on_packet(packet);
}

// What one life of the gateway's process holds; the store and the record survive it.
struct GatewayUnderTest::Process {
  Process(WaitingLoop& loop, Clock& clock, Store& store, IdpVerifier* verifier, AuditStore& audit)
      : agent_verifier(store.agents()),
        published(store, clock),
        router(loop, Log()),
        sessions(loop),
        admission(loop),
        unbegun(loop, Log(), clock, store.sessions(), audit, admission),
        clients(loop, Log(), clock, store, verifier ? *verifier : users, audit, router, sessions, admission, unbegun),
        exec(loop, clients, admission, unbegun),
        agents(Log(), clock, store, agent_verifier, published, router, admission, /*demands_certificates=*/false),
        proxy_managers(loop, clock, verifier ? *verifier : users, sessions, clients, admission, unbegun),
        entry(admission, clients, proxy_managers, agents),
        server(loop, entry) {}

  OneUser users;
  AgentVerifier agent_verifier;
  PublishedConnections published;
  AgentRouter router;
  SessionDirectory sessions;
  Admission admission;
  UnbegunSessions unbegun;
  ClientEntry clients;
  ExecRuns exec;
  AgentEntry agents;
  ProxyManagerEntry proxy_managers;
  StreamEntry entry;
  GrpcServer server;
};

GatewayUnderTest::GatewayUnderTest(IdpVerifier* verifier)
    : verifier_(verifier), process_(std::make_unique<Process>(loop_, clock_, *store_, verifier, audit_)) {
  process_->users.identity.org_id = store_.org_id();
}

GatewayUnderTest::~GatewayUnderTest() {
  for (auto& peer : peers_) peer->Leave();
  Advance(absl::Seconds(10));
}

std::string GatewayUnderTest::AddAgent(const std::string& name, const std::string& mode) {
  if (const auto known = dsns_.find(name); known != dsns_.end()) return known->second;
  const std::string key = NewAgentKey();
  AgentRow row;
  row.org_id = store_.org_id();
  row.name = name;
  row.id = AgentId(row.org_id, name);
  row.mode = mode;
  row.key_hash = HashAgentKey(key);
  row.created_at = row.updated_at = clock_.Now();
  HOOP_CHECK(store_->agents().Insert(row).ok());
  // Keys of organizations say no mode.
  return dsns_[name] = *MakeAgentDsn("grpc://127.0.0.1:8010", name, key, mode == kMultiConnection ? "" : mode);
}

void GatewayUnderTest::AddConnection(const AgentConnectionParams& params, const std::string& agent) {
  ConnectionRow row;
  row.id = NewUuid();
  row.org_id = store_.org_id();
  row.name = params.connection_name;
  row.type = params.connection_type;
  row.subtype = params.connection_subtype;
  row.command = params.command;
  row.secrets = params.env_vars;
  row.agent_id = AgentId(row.org_id, agent);
  row.secrets_updated_at = row.created_at = row.updated_at = clock_.Now();
  HOOP_CHECK(store_->connections().Put(row).ok());
}

ConnectionRow GatewayUnderTest::Connection(const std::string& name) {
  auto row = store_->connections().Find(store_.org_id(), name);
  HOOP_CHECK(row.ok());
  return *std::move(row);
}

void GatewayUnderTest::Replace(const ConnectionRow& row) { HOOP_CHECK(store_->connections().Put(row).ok()); }

Peer& GatewayUnderTest::Connect(const Metadata& metadata) {
  peers_.push_back(std::make_unique<Peer>(loop_, process_->server, metadata));
  return *peers_.back();
}

void GatewayUnderTest::CallUnary(const std::string& method, const Metadata& metadata, std::string request,
                                 GrpcChannel::OnUnaryDone done) {
  callers_.push_back(Dial(loop_, process_->server));
  callers_.back()->CallUnary(method, metadata, std::move(request), std::move(done));
}

void GatewayUnderTest::PostToAdmission(absl::AnyInvocable<void()> task) {
  HOOP_CHECK(process_->admission.Post(std::move(task)).ok());
}

void GatewayUnderTest::Settle() {
  // An answer of the worker may lead to one more question, and a sync to packets that are recorded.
  for (int round = 0; round < 4; ++round) {
    bool reached = false;
    HOOP_CHECK(process_->admission.Post([this, &reached] { loop_.Post([&reached] { reached = true; }); }).ok());
    HOOP_CHECK(loop_.TurnUntil([&reached] { return reached; }));
    while (audit_.synced < audit_.last) {
      audit_.Sync();
      loop_.Turn();
    }
  }
}

void GatewayUnderTest::Advance(absl::Duration step) {
  loop_.Advance(step);
  Settle();
}

void GatewayUnderTest::KillSession(const std::string& session_id, const std::string& by) {
  HOOP_CHECK(process_->sessions.Kill(session_id, by).ok());
}

void GatewayUnderTest::Shutdown() {
  const Ending ending{.reason = "gateway shutdown",
                      .text = "gateway shutdown",
                      .status = Unavailable("gateway shutdown"),
                      .retry = true,
                      .interrupted = true};
  process_->clients.Close();
  process_->proxy_managers.Close();
  process_->agents.Close();
  process_->sessions.FinishAll(ending, [this] {
    process_->router.EndAll(Unavailable("gateway shutdown"));
    process_->server.Drain(absl::Seconds(2), [] {});
  });
  Settle();
  for (int second = 0; second < 5; ++second) Advance(absl::Seconds(1));
  Die();
}

void GatewayUnderTest::Die() {
  const std::string org_id = process_->users.identity.org_id;
  process_.reset();
  loop_.Turn();
  process_ = std::make_unique<Process>(loop_, clock_, *store_, verifier_, audit_);
  process_->users.identity.org_id = org_id;
}

const Identity& GatewayUnderTest::user() const { return process_->users.identity; }
SessionDirectory& GatewayUnderTest::sessions() { return process_->sessions; }
ExecRuns& GatewayUnderTest::exec() { return process_->exec; }
ProxyManagerEntry& GatewayUnderTest::proxy_managers() { return process_->proxy_managers; }
AgentRouter& GatewayUnderTest::router() { return process_->router; }
Admission& GatewayUnderTest::admission() { return process_->admission; }

}  // namespace hoop::replay

// Assembles a gateway top-down: store, keys, journal, router, entries, doors. Nothing here is on a packet's way.
#include "hoop/gateway.h"

#include <optional>
#include <utility>

#include "absl/synchronization/notification.h"
#include "audit/journal_audit_store.h"
#include "audit/retention.h"
#include "base/agent_dsn.h"
#include "base/limits/listener.h"
#include "base/log.h"
#include "base/niceness.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "front/front_door.h"
#include "gateway/admission.h"
#include "gateway/agent_entry.h"
#include "gateway/client_entry.h"
#include "gateway/connection_config.h"
#include "gateway/data_folder.h"
#include "gateway/exec_runs.h"
#include "gateway/listener_tls.h"
#include "gateway/live_numbers.h"
#include "gateway/loop_bridges.h"
#include "gateway/proxy_manager_entry.h"
#include "gateway/published_connections.h"
#include "gateway/secrets_rotation.h"
#include "gateway/session_directory.h"
#include "gateway/session_recheck.h"
#include "gateway/start_trial.h"
#include "gateway/stream_entry.h"
#include "gateway/unbegun_sessions.h"
#include "identity/agent_keys.h"
#include "identity/host_verifier.h"
#include "identity/local_accounts.h"
#include "identity/local_verifier.h"
#include "identity/setup_token.h"
#include "identity/token_signer.h"
#include "net/event_loop.h"
#include "rest/api.h"
#include "rest/edge.h"
#include "rest/http_message.h"
#include "router/agent_router.h"
#include "store/postgres_uri.h"
#include "store/store.h"
#include "transport/door_refusal.h"
#include "transport/grpc_server.h"

namespace hoop {
namespace {

constexpr char kTokenIssuer[] = "hoop";
// Fields of GatewayOptions, as errors name them.
constexpr char kGrpcListen[] = "grpc_listen";
constexpr char kHttpListen[] = "http_listen";

// host part of "http://host:port/base".
std::string HostOf(std::string_view url) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  if (url.starts_with('[')) return std::string(url.substr(0, url.find(']') + 1));
  return std::string(url.substr(0, url.find(':')));
}

// Both at once: who changes one would hear of the other next.
absl::Status OfBothPorts(const absl::Status& grpc, const absl::Status& http) {
  const absl::Status no_grpc = Annotate(grpc, kGrpcListen), no_http = Annotate(http, kHttpListen);
  if (no_grpc.ok()) return no_http;
  if (no_http.ok()) return no_grpc;
  return StatusF(no_grpc.code(), "{}; {}", StatusText(no_grpc), StatusText(no_http));
}

// The least that is logged, in the words of LOG_LEVEL.
std::string LowestLevel(const LogSink* log) {
  constexpr std::pair<LogLevel, const char*> kLevels[] = {{LogLevel::kDebug, "debug"},
                                                          {LogLevel::kInfo, "info"},
                                                          {LogLevel::kWarning, "warn"},
                                                          {LogLevel::kError, "error"}};
  for (const auto& [level, name] : kLevels) {
    if (log != nullptr && log->Wants(level)) return name;
  }
  return "off";
}

absl::StatusOr<std::string> ConnectionIdOf(ConnectionTable& connections, const ConnectionRow& row) {
  HOOP_ASSIGN_OR_RETURN(const ConnectionRow there, connections.Find(row.org_id, row.name));
  return there.id;
}

}  // namespace

// The order of members is the order of construction, and shutdown reversed.
struct Gateway::Parts {
  explicit Parts(GatewayOptions given)
      : options(std::move(given)),
        clock(options.clock != nullptr ? *options.clock : Clock::System()),
        log(options.log),
        packet_loop(clock),
        http_loop(clock),
        doorstep_loop(clock),
        roles{.admin = options.admin_group} {}

  absl::Status Open();
  absl::Status OpenStore();
  absl::Status Start();
  absl::Status OpenDoors();
  absl::Status ReplaceTls(const GatewayTls& tls);
  void Shutdown(absl::Duration deadline);
  const std::string& org_id() const { return store->default_organization().id; }

  GatewayOptions options;
  Clock& clock;
  const Log log;
  std::unique_ptr<DataFolder> folder;  // held while we run
  EventLoop packet_loop;
  EventLoop http_loop;
  EventLoop doorstep_loop;                    // of both doors
  std::unique_ptr<ListenerTls> listener_tls;  // null: plain listeners

  std::unique_ptr<Store> store;
  const RoleGroups roles;
  std::unique_ptr<TokenSigner> signer;
  std::unique_ptr<LocalAccounts> accounts;
  std::optional<hoop::SetupToken> setup_token;  // while there is no account
  std::unique_ptr<LocalVerifier> local_verifier;
  std::unique_ptr<HostVerifier> host_verifier;  // null: the host brought none
  std::unique_ptr<AgentVerifier> agent_verifier;
  std::unique_ptr<PublishedConnections> published;
  std::unique_ptr<JournalAuditStore> journal;
  std::unique_ptr<Retention> retention;  // null: sessions stay
  AuditStore* audit = nullptr;
  IdpVerifier* verifier = nullptr;

  std::unique_ptr<AgentRouter> router;
  std::unique_ptr<SessionDirectory> sessions;
  std::unique_ptr<UnbegunSessions> unbegun;
  std::unique_ptr<ClientEntry> client_entry;
  std::unique_ptr<ProxyManagerEntry> proxy_managers;
  std::unique_ptr<AgentEntry> agent_entry;
  std::unique_ptr<StreamEntry> stream_entry;
  std::unique_ptr<GrpcServer> grpc_server;
  std::unique_ptr<FrontDoor> grpc_door;

  std::unique_ptr<ExecRuns> exec_runs;
  std::unique_ptr<Admission> admission;  // behind those who ask: it ends when none of their questions runs
  std::unique_ptr<SessionRecheck> recheck;
  std::unique_ptr<LoopSessionControl> session_control;
  std::unique_ptr<RouterPresence> presence;
  std::unique_ptr<LiveNumbers> numbers;
  std::unique_ptr<rest::Api> api;
  std::unique_ptr<rest::Edge> edge;
  std::unique_ptr<FrontDoor> http_door;
  std::string grpc_address, http_address;  // of the doors, also when these are gone

  std::unique_ptr<LoopThread> packet_thread;
  std::unique_ptr<LoopThread> http_thread;
  std::unique_ptr<LoopThread> doorstep_thread;
  bool shut_down = false;
};

absl::Status Gateway::Parts::Open() {
  HOOP_ASSIGN_OR_RETURN(folder, DataFolder::Open(options.data_dir));
  HOOP_RETURN_IF_ERROR(OpenStore());
  HOOP_ASSIGN_OR_RETURN(signer, TokenSigner::Create(folder->File(kTokenKeyFile), kTokenIssuer));
  accounts = std::make_unique<LocalAccounts>(store->users(), *signer, clock, org_id(), roles);
  HOOP_ASSIGN_OR_RETURN(const int64_t users, store->users().Count(org_id()));
  if (users == 0) {
    HOOP_ASSIGN_OR_RETURN(setup_token, hoop::SetupToken::Create(folder->File("setup-token")));
  }
  local_verifier = std::make_unique<LocalVerifier>(*signer, *store, roles);
  agent_verifier = std::make_unique<AgentVerifier>(store->agents());
  published = std::make_unique<PublishedConnections>(*store, clock);
  verifier = local_verifier.get();
  if (options.idp_verifier != nullptr) {
    host_verifier = std::make_unique<HostVerifier>(*options.idp_verifier, *local_verifier, org_id(), log);
    verifier = host_verifier.get();
  }
  audit = options.audit_store;
  if (audit == nullptr) {
    JournalOptions journal_options;
    journal_options.journal_dir = options.journal_dir.empty() ? folder->File(kJournalFolder) : options.journal_dir;
    journal_options.key_path = folder->File(kAuditKeyFile);
    journal_options.bytes_max = options.journal_bytes_max;
    journal_options.segment_bytes = options.journal_segment_bytes;
    journal_options.is_only_gateway = options.postgres_db_uri.empty();  // SQLite's file is in the locked folder
    HOOP_ASSIGN_OR_RETURN(journal,
                          JournalAuditStore::Create(journal_options, {&packet_loop}, store->database(), clock, log));
    audit = journal.get();
  }
  HOOP_RETURN_IF_ERROR(store->agents().DisconnectAll(clock.Now()));
  if (options.session_retention != absl::InfiniteDuration()) {
    retention = std::make_unique<Retention>(store->sessions(), options.session_retention, clock, log);
  }

  router = std::make_unique<AgentRouter>(packet_loop, log);
  sessions = std::make_unique<SessionDirectory>(packet_loop);
  admission = std::make_unique<Admission>(packet_loop);
  unbegun = std::make_unique<UnbegunSessions>(packet_loop, log, clock, store->sessions(), *audit, *admission);
  client_entry = std::make_unique<ClientEntry>(packet_loop, log, clock, *store, *verifier, *audit, *router, *sessions,
                                               *admission, *unbegun);
  const bool agents_show_certificates = options.tls && options.tls->client_auth == GatewayTls::ClientAuth::kAgents;
  agent_entry = std::make_unique<AgentEntry>(log, clock, *store, *agent_verifier, *published, *router, *admission,
                                             agents_show_certificates);
  proxy_managers = std::make_unique<ProxyManagerEntry>(packet_loop, clock, *verifier, *sessions, *client_entry,
                                                       *admission, *unbegun);
  stream_entry =
      std::make_unique<StreamEntry>(*admission, *client_entry, *proxy_managers, *agent_entry, log, options.log_calls);
  grpc_server = std::make_unique<GrpcServer>(packet_loop, *stream_entry);
  exec_runs = std::make_unique<ExecRuns>(packet_loop, *client_entry, *admission, *unbegun);
  recheck = std::make_unique<SessionRecheck>(packet_loop, log, clock, *verifier, store->connections(), *sessions);
  recheck->Start();
  session_control = std::make_unique<LoopSessionControl>(packet_loop, *sessions, *exec_runs);
  presence = std::make_unique<RouterPresence>(packet_loop, *router, *published);
  numbers = std::make_unique<LiveNumbers>(packet_loop, *sessions, *router, journal.get());
  return absl::OkStatus();
}

absl::Status Gateway::Parts::OpenStore() {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<SecretBox> box, OpenSecretBox(options, folder->path()));
  HOOP_ASSIGN_OR_RETURN(store, Store::Open(StoreAddressOf(options, folder->path()), std::move(box), clock.Now()));
  log.Info("store ready", "database", store->description());
  return absl::OkStatus();
}

absl::Status Gateway::Parts::OpenDoors() {
  FrontDoor::Options grpc, http;
  HOOP_ASSIGN_OR_RETURN(grpc.address, Address::Parse(options.grpc_listen));
  HOOP_ASSIGN_OR_RETURN(http.address, Address::Parse(options.http_listen));
  grpc.pre_auth_session_bytes = limits::kPreAuthHttp2Bytes;
  grpc.half_closed_is_gone = true;
  grpc.entry_time = limits::kStrangerEntryTime;
  grpc.defer_accept = http.defer_accept = limits::kDeferAccept;
  if (options.tls) {
    HOOP_ASSIGN_OR_RETURN(const ListenerTls::Contexts contexts, ListenerTls::Make(*options.tls));
    listener_tls = std::make_unique<ListenerTls>();
    grpc.pre_auth_session_bytes += limits::kPreAuthTlsBytes;
    http.pre_auth_session_bytes += limits::kPreAuthTlsBytes;
    grpc.tls = contexts.grpc;
    http.tls = contexts.http;
    grpc.tls_worker = http.tls_worker = &listener_tls->worker();
    http.plain_peers = options.allow_plaintext ? FrontDoor::PlainPeers::kAll : FrontDoor::PlainPeers::kLocal;
    log.Info("speaking tls", "certificate", contexts.grpc->description(), "plain_http",
             options.allow_plaintext ? "everybody" : "this machine");
  }
  grpc.name = "grpc";
  grpc.plain_refusal = Http2DoorRefusal("this port speaks TLS: use grpcs://");
  grpc.tls_refusal = Http2DoorRefusal("this port does not speak TLS: use grpc://");
  http.name = "http";
  http.plain_refusal = rest::LastWords("this port speaks TLS: use https://");
  http.tls_refusal = rest::LastWords("this port does not speak TLS: use http://");
  const auto accept_grpc = [this](std::unique_ptr<ByteStream> stream) { grpc_server->Accept(std::move(stream)); };
  const auto accept_http = [this](std::unique_ptr<ByteStream> stream) { edge->Accept(std::move(stream)); };
  auto opened_grpc = FrontDoor::Open(packet_loop, doorstep_loop, log, std::move(grpc), accept_grpc);
  auto opened_http = FrontDoor::Open(http_loop, doorstep_loop, log, std::move(http), accept_http);
  HOOP_RETURN_IF_ERROR(OfBothPorts(opened_grpc.status(), opened_http.status()));
  grpc_door = *std::move(opened_grpc);
  http_door = *std::move(opened_http);
  grpc_address = grpc_door->address().ToString();
  http_address = http_door->address().ToString();
  return absl::OkStatus();
}

absl::Status Gateway::Parts::ReplaceTls(const GatewayTls& tls) {
  if (listener_tls == nullptr) return FailedPrecondition("this gateway does not speak TLS");
  if (tls.client_auth != options.tls->client_auth) {  // whoever judges agents has heard the first one
    return InvalidArgument("TLS_CLIENT_AUTH: stays what it was when the gateway was made");
  }
  HOOP_ASSIGN_OR_RETURN(ListenerTls::Contexts contexts, ListenerTls::Make(tls));
  log.Info("tls certificate replaced", "certificate", contexts.grpc->description());
  packet_loop.Post([this, context = std::move(contexts.grpc)]() mutable {
    if (grpc_door != nullptr) grpc_door->SetTls(std::move(context));
  });
  http_loop.Post([this, context = std::move(contexts.http)]() mutable {
    if (http_door != nullptr) http_door->SetTls(std::move(context));
  });
  return absl::OkStatus();
}

absl::Status Gateway::Parts::Start() {
  HOOP_RETURN_IF_ERROR(OpenDoors());
  if (options.api_url.empty()) {
    options.api_url = fmt::format("{}://127.0.0.1:{}", options.tls ? "https" : "http", http_door->address().port);
  }
  if (options.grpc_url.empty()) {
    options.grpc_url =
        fmt::format("{}://{}:{}", options.tls ? "grpcs" : "grpc", HostOf(options.api_url), grpc_door->address().port);
  }
  rest::ServerInfo info;
  info.version = options.version;
  info.log_level = LowestLevel(options.log);
  info.api_url = options.api_url;
  info.grpc_url = options.grpc_url;
  info.session_retention = options.session_retention;
  if (journal != nullptr) info.journal_bytes = [this] { return journal->journal_bytes(); };
  api = std::make_unique<rest::Api>(rest::ApiParts{.store = *store,
                                                   .audit = *audit,
                                                   .verifier = *verifier,
                                                   .accounts = *accounts,
                                                   .sessions = *session_control,
                                                   .agents = *presence,
                                                   .exec = *exec_runs,
                                                   .proxy_manager = *proxy_managers,
                                                   .agent_verifier = *agent_verifier,
                                                   .clock = clock,
                                                   .log = log,
                                                   .info = info,
                                                   .roles = roles,
                                                   .setup = setup_token ? &*setup_token : nullptr,
                                                   .exec_wait = options.exec_wait,
                                                   .numbers = numbers.get()});
  rest::Edge::Options edge_options;
  edge_options.version = options.version;
  edge_options.log_requests = options.log_requests;
  edge = std::make_unique<rest::Edge>(http_loop, *api, log, edge_options);
  packet_thread = std::make_unique<LoopThread>(packet_loop, "hoop-packets");
  http_thread = std::make_unique<LoopThread>(http_loop, "hoop-http", kBackgroundNiceness);
  doorstep_thread = std::make_unique<LoopThread>(doorstep_loop, "hoop-doorstep", kDoorstepNiceness);
  log.Info("gateway serving", "api_url", options.api_url, "grpc_url", options.grpc_url, "version", options.version,
           "tls", options.tls.has_value());
  return absl::OkStatus();
}

void Gateway::Parts::Shutdown(absl::Duration deadline) {
  if (std::exchange(shut_down, true)) return;
  if (packet_thread != nullptr) {
    struct Drained {
      absl::Notification grpc, http;
    };
    auto drained = std::make_shared<Drained>();  // shared: the loops may outlive our patience
    const absl::Time end = absl::Now() + deadline;
    packet_loop.Post([this, drained, grace = deadline / 2] {
      grpc_door.reset();
      client_entry->Close();
      proxy_managers->Close();
      agent_entry->Close();
      const Ending ending{.reason = "gateway shutdown",
                          .text = "gateway shutdown",
                          .status = Unavailable("gateway shutdown"),
                          .retry = true,
                          .interrupted = true};
      sessions->FinishAll(ending, [this, drained, grace] {
        http_loop.Post([this] { edge->EndStreams(); });  // who looked on has been told how sessions ended
        router->EndAll(Unavailable("gateway shutdown"));
        grpc_server->Drain(grace, [drained] { drained->grpc.Notify(); });
      });
    });
    http_loop.Post([this, drained] {
      http_door.reset();
      edge->Drain([drained] { drained->http.Notify(); });
    });
    drained->grpc.WaitForNotificationWithDeadline(end);
    drained->http.WaitForNotificationWithDeadline(end);
  }
  // No loop turns from here on: the rest is destroyed on this thread.
  doorstep_thread.reset();
  http_thread.reset();
  packet_thread.reset();
  log.Info("gateway stopped");
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Gateway::~Gateway() { parts_->Shutdown(absl::Seconds(5)); }

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Create(GatewayOptions options) {
  HOOP_RETURN_IF_ERROR(Check(options));
  auto parts = std::make_unique<Parts>(std::move(options));
  HOOP_RETURN_IF_ERROR(parts->Open());
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

absl::Status Gateway::Check(const GatewayOptions& options) {
  if (options.data_dir.empty()) return InvalidArgument("data_dir is not set");
  const absl::StatusOr<Address> grpc = Address::Parse(options.grpc_listen), http = Address::Parse(options.http_listen);
  HOOP_RETURN_IF_ERROR(Annotate(grpc.status(), kGrpcListen));
  HOOP_RETURN_IF_ERROR(Annotate(http.status(), kHttpListen));
  if (http->port != 0 && http->ToString() == grpc->ToString()) {
    return InvalidArgument("{}: {} is where gRPC listens, too", kHttpListen, options.http_listen);
  }
  if (!options.postgres_db_uri.empty()) HOOP_RETURN_IF_ERROR(ParsePostgresUri(options.postgres_db_uri).status());
  if (!options.secrets_key.empty()) {
    HOOP_RETURN_IF_ERROR(FindSecretBox(SecretsKeyOf(options.secrets_key, options.data_dir)).status());
  }
  return options.tls ? ListenerTls::Make(*options.tls).status() : absl::OkStatus();
}

absl::Status Gateway::TryPorts(const GatewayOptions& options) {
  HOOP_RETURN_IF_ERROR(Check(options));
  return OfBothPorts(TryListen(*Address::Parse(options.grpc_listen)), TryListen(*Address::Parse(options.http_listen)));
}

absl::StatusOr<std::vector<std::string>> Gateway::Try(const GatewayOptions& options) {
  HOOP_RETURN_IF_ERROR(Check(options));
  return TryStart(options);
}

bool Gateway::Responds(absl::Duration patience) {
  for (EventLoop* loop : {&parts_->packet_loop, &parts_->http_loop, &parts_->doorstep_loop}) {
    auto answered = std::make_shared<absl::Notification>();  // shared: the loop may outlive our patience
    loop->Post([answered] { answered->Notify(); });
    if (!answered->WaitForNotificationWithTimeout(patience)) return false;
  }
  return true;
}

absl::StatusOr<std::string> Gateway::ReencryptSecrets(const GatewayOptions& options, const std::string& new_key) {
  if (options.data_dir.empty()) return InvalidArgument("data_dir is not set");
  HOOP_ASSIGN_OR_RETURN(const std::unique_ptr<DataFolder> folder, DataFolder::Open(options.data_dir));
  return RotateSecretsKey(options, *folder, new_key);
}

absl::Status Gateway::Start() { return parts_->Start(); }
absl::Status Gateway::ReplaceTls(const GatewayTls& tls) { return parts_->ReplaceTls(tls); }
void Gateway::Shutdown(absl::Duration deadline) { parts_->Shutdown(deadline); }
std::string Gateway::http_address() const { return parts_->http_address; }
std::string Gateway::grpc_address() const { return parts_->grpc_address; }
std::string Gateway::api_url() const { return parts_->options.api_url; }
std::string Gateway::grpc_url() const { return parts_->options.grpc_url; }

const Router& Gateway::router() const { return *parts_->router; }
AuditStore& Gateway::audit_store() const { return *parts_->audit; }
std::string Gateway::audit_public_key() const { return parts_->audit->public_key(); }

absl::StatusOr<std::string> Gateway::SetupToken() const {
  HOOP_ASSIGN_OR_RETURN(const int64_t users, parts_->store->users().Count(parts_->org_id()));
  if (users > 0 || !parts_->setup_token) return FailedPrecondition("setup_token: there is an account already");
  return parts_->setup_token->text();
}

absl::Status Gateway::EnsureAdmin(std::string_view email, std::string_view password) {
  HOOP_RETURN_IF_ERROR(parts_->accounts->EnsureAdmin(email, password, parts_->roles.admin).status());
  return parts_->setup_token ? parts_->setup_token->Retire() : absl::OkStatus();
}

absl::StatusOr<std::string> Gateway::IssueToken(std::string_view email, absl::Duration valid) {
  HOOP_ASSIGN_OR_RETURN(const UserRow user, parts_->store->users().FindByEmail(parts_->org_id(), email));
  return parts_->signer->Sign(user.subject, user.id, user.email, parts_->clock.Now(), valid);
}

absl::StatusOr<Identity> Gateway::VerifyToken(std::string_view token) const {
  return parts_->verifier->Verify(token, parts_->clock.Now());
}

absl::StatusOr<std::string> Gateway::IssueAgentKey(std::string_view agent_name) {
  const std::string key = NewAgentKey();
  HOOP_ASSIGN_OR_RETURN(std::string dsn, MakeAgentDsn(parts_->options.grpc_url, agent_name, key, "standard"));
  AgentRow row;
  row.org_id = parts_->org_id();
  row.name = std::string(agent_name);
  row.id = AgentId(row.org_id, agent_name);
  row.mode = "standard";
  row.key_hash = HashAgentKey(key);
  row.created_at = row.updated_at = parts_->clock.Now();
  HOOP_RETURN_IF_ERROR(parts_->store->agents().Put(row));
  return dsn;
}

absl::Status Gateway::CheckConnection(const ConnectionConfig& config) {
  return MakeConnectionRow(config, /*org_id=*/"", absl::UnixEpoch()).status();
}

absl::Status Gateway::ApplyConnection(const ConnectionConfig& config) {
  HOOP_ASSIGN_OR_RETURN(ConnectionRow row, MakeConnectionRow(config, parts_->org_id(), parts_->clock.Now()));
  ConnectionTable& connections = parts_->store->connections();
  const absl::Status inserted = connections.Insert(row, config.groups.value_or(std::vector<std::string>()));
  if (!config.overwrite || !absl::IsAlreadyExists(inserted)) return inserted;
  HOOP_ASSIGN_OR_RETURN(row.id, ConnectionIdOf(connections, row));
  return connections.Update(row, config.groups);
}

absl::StatusOr<std::vector<std::string>> Gateway::ConnectionNames() const {
  HOOP_ASSIGN_OR_RETURN(const auto rows, parts_->store->connections().List(parts_->org_id(), {}));
  std::vector<std::string> names;
  for (const ConnectionRow& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace hoop

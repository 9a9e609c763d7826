#include "hoop/agent.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "agent/agent_context.h"
#include "agent/dial_loop.h"
#include "agent/salted_passwords.h"
#include "agent/tls_contexts.h"
#include "agent/warden/secret_folder.h"
#include "agent/warden/warden_link.h"
#include "base/agent_dsn.h"
#include "base/limits/agent.h"
#include "base/limits/workers.h"
#include "base/log.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/worker.h"
#include "net/dialler_context.h"
#include "net/event_loop.h"
#include "transport/dialer_choice.h"

namespace hoop {

namespace {

// Whether the gateway has accepted this agent. The loop writes, everybody reads.
class Connectedness final {
 public:
  void Set(absl::Status now) {
    absl::MutexLock lock(&mu_);
    connected_ = now.ok();
    last_error_ = std::move(now);
  }
  bool connected() const {
    absl::MutexLock lock(&mu_);
    return connected_;
  }
  absl::Status last_error() const {
    absl::MutexLock lock(&mu_);
    return last_error_;
  }
  bool Await(absl::Duration deadline) const {
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&connected_), deadline);
  }

 private:
  mutable absl::Mutex mu_;
  bool connected_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status last_error_ ABSL_GUARDED_BY(mu_);
};

// Like `gateway`, at another address. TLS unless the URL says otherwise; never plain where the key says TLS.
absl::StatusOr<GatewayDialOptions> ToldGateway(std::string_view grpc_url, const GatewayDialOptions& gateway,
                                               const DiallerTls& tls) {
  GatewayDialOptions told = gateway;
  std::string_view address = grpc_url;
  const size_t scheme = address.find("://");
  if (scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
  HOOP_ASSIGN_OR_RETURN(told.address, Address::Parse(std::string(address.substr(0, address.find('/')))));
  const bool is_plain = grpc_url.starts_with("http://") || grpc_url.starts_with("grpc://");
  if (!is_plain && told.tls.context == nullptr) {
    HOOP_ASSIGN_OR_RETURN(told.tls.context, MakeDiallerContext(tls, TlsVerify::kFull));
    told.tls.host = tls.server_name;
  }
  return told;
}

// The gateway would refuse the other kind each time it is asked.
absl::Status CheckKind(const AgentOptions& options, const AgentDsn& dsn) {
  if (options.connection && dsn.mode == "standard") {
    return InvalidArgument("it is the key of an agent of mode standard, which brings no connection along");
  }
  if (!options.connection && dsn.IsOrganizations()) {
    return InvalidArgument("it is the organization's key, for programs that bring a connection along (`hoop run`)");
  }
  return absl::OkStatus();
}

// By the key's mode, or because it brings a connection along.
std::optional<DialLoop::OnDemand> OnDemandOf(const AgentOptions& options, const AgentDsn& dsn) {
  if (!options.connection && (dsn.mode.empty() || dsn.mode == "standard")) return std::nullopt;
  DialLoop::OnDemand on_demand;
  if (options.connection) {
    const AgentConnection& connection = *options.connection;
    on_demand.request = {.name = connection.name,
                         .type = connection.type,
                         .subtype = connection.subtype,
                         .command = connection.command,
                         .reviewers = connection.reviewers,
                         .redact_types = connection.redact_types};
  }
  on_demand.items = options.connection_items;
  on_demand.rest.base_url = fmt::format("{}://{}", dsn.IsTls() ? "https" : "http", dsn.address);
  on_demand.rest.bearer = options.key;
  on_demand.rest.user_agent = "hoopagent/" + options.version;
  on_demand.rest.dial_time = on_demand.rest.answer_time = limits::kConnectionAppsAnswerTime;
  on_demand.rest.ca_pem = options.tls.ca;
  on_demand.rest.server_name = options.tls.server_name;
  return on_demand;
}

}  // namespace

// Members are destroyed in the reverse order of what they stand on; the loop's thread ends first of all.
struct Agent::Parts {
  Parts(AgentOptions options_in, const MakeGatewayDialer& make_dialer, const GatewayDialOptions& gateway,
        DialLoop::Settings settings, std::unique_ptr<SecretFolder> folder)
      : options(std::move(options_in)),
        log(options.log),
        secret_folder(std::move(folder)),
        loop(*options.clock),
        worker("agent-worker", limits::kHashQueueMax),
        warden(loop, options.warden_command, *secret_folder, log),
        tls_contexts(loop, worker),
        salted_passwords(loop, worker),
        context{loop,
                warden,
                tls_contexts,
                salted_passwords,
                options.environment,
                log,
                options.require_verified_tls,
                options.host_services,
                settings.on_demand.has_value()},
        mode(settings.on_demand ? settings.dsn.mode.empty() ? "multi-connection" : settings.dsn.mode : "standard"),
        gateway_address(gateway.address.ToString()),
        speaks_tls(gateway.tls.context != nullptr),
        dialer(make_dialer(loop, gateway)),
        dial_loop(context, *dialer, WithDialers(std::move(settings), make_dialer, gateway),
                  [this](const absl::Status& now) {
                    connectedness.Set(now);
                    if (options.on_change) options.on_change();
                  }) {}

  // Where REST tells an embedded agent to connect.
  DialLoop::Settings WithDialers(DialLoop::Settings settings, const MakeGatewayDialer& make_dialer,
                                 const GatewayDialOptions& gateway) {
    if (!settings.on_demand) return settings;
    settings.on_demand->worker = &worker;
    settings.on_demand->dialer_for =
        [this, make_dialer, gateway](const std::string& grpc_url) -> absl::StatusOr<std::unique_ptr<GatewayDialer>> {
      HOOP_ASSIGN_OR_RETURN(const GatewayDialOptions told, ToldGateway(grpc_url, gateway, options.tls));
      return make_dialer(loop, told);
    };
    return settings;
  }

  const AgentOptions options;
  const Log log;
  Connectedness connectedness;
  const std::unique_ptr<SecretFolder> secret_folder;
  EventLoop loop;
  Worker worker;
  WardenLink warden;
  TlsContexts tls_contexts;
  SaltedPasswords salted_passwords;
  AgentContext context;
  const std::string mode;
  const std::string gateway_address;
  const bool speaks_tls;
  const std::unique_ptr<GatewayDialer> dialer;
  DialLoop dial_loop;
  std::unique_ptr<LoopThread> thread;  // between Start and Stop
  bool stopped = false;
};

Agent::Agent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Agent>> Agent::Create(AgentOptions options) {
  // Named by the variable of the programs, as TLS_CA is.
  absl::StatusOr<AgentDsn> parsed = ParseAgentDsn(options.key);
  if (!parsed.ok()) return Annotate(parsed.status(), "HOOP_KEY");
  AgentDsn dsn = *std::move(parsed);
  HOOP_RETURN_IF_ERROR(Annotate(CheckKind(options, dsn), "HOOP_KEY"));
  absl::StatusOr<Address> address = Address::Parse(dsn.address);
  if (!address.ok()) return Annotate(address.status(), "HOOP_KEY");
  TlsTarget tls;
  if (dsn.IsTls()) {
    HOOP_ASSIGN_OR_RETURN(tls.context, MakeDiallerContext(options.tls, TlsVerify::kFull));
    tls.host = options.tls.server_name;
  }
  if (options.clock == nullptr) options.clock = &Clock::System();
  if (options.runtime_dir.empty()) options.runtime_dir = "/tmp";
  HOOP_ASSIGN_OR_RETURN(const MakeGatewayDialer make_dialer, ChooseGatewayDialer(options.grpc_library));
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<SecretFolder> folder, SecretFolder::Create(options.runtime_dir));
  const GatewayDialOptions gateway{.address = *std::move(address),
                                   .user_agent = "hoopagent/" + options.version,
                                   .tls = std::move(tls),
                                   .tls_texts = options.tls};
  std::optional<DialLoop::OnDemand> on_demand = OnDemandOf(options, dsn);
  DialLoop::Settings settings{std::move(dsn), options.key, options.version, std::move(on_demand)};
  return std::unique_ptr<Agent>(new Agent(
      std::make_unique<Parts>(std::move(options), make_dialer, gateway, std::move(settings), std::move(folder))));
}

Agent::~Agent() { Stop(limits::kTerminateGraceTime); }

absl::Status Agent::Start() {
  if (parts_->thread != nullptr || parts_->stopped) return FailedPrecondition("agent: was started before");
  parts_->loop.Post([parts = parts_.get()] { parts->dial_loop.Start(); });
  parts_->thread = std::make_unique<LoopThread>(parts_->loop, "agent");
  return absl::OkStatus();
}

void Agent::Retire() {
  if (parts_->thread == nullptr) return;
  absl::Notification done;  // what ends the gateway next must not overtake it
  parts_->loop.Post([parts = parts_.get(), &done] {
    parts->dial_loop.Retire();
    done.Notify();
  });
  done.WaitForNotification();
}

bool Agent::Responds(absl::Duration patience) {
  auto answered = std::make_shared<absl::Notification>();  // shared: the loop may outlive our patience
  parts_->loop.Post([answered] { answered->Notify(); });
  return answered->WaitForNotificationWithTimeout(patience);
}

void Agent::Stop(absl::Duration deadline) {
  if (std::exchange(parts_->stopped, true) || parts_->thread == nullptr) return;
  absl::Notification idle;
  parts_->loop.Post([parts = parts_.get(), &idle] {
    parts->dial_loop.Stop("the agent was stopped");
    // Commands end at the turn's end, when their sessions are freed.
    parts->loop.Post([parts, &idle] { parts->warden.WhenIdle([&idle] { idle.Notify(); }); });
  });
  idle.WaitForNotificationWithTimeout(deadline);
  parts_->thread.reset();  // nothing runs that could still notify
  parts_->connectedness.Set(Cancelled("the agent was stopped"));
}

std::string Agent::gateway_address() const { return parts_->gateway_address; }
bool Agent::speaks_tls() const { return parts_->speaks_tls; }
std::string Agent::mode() const { return parts_->mode; }
bool Agent::connected() const { return parts_->connectedness.connected(); }
absl::Status Agent::last_error() const { return parts_->connectedness.last_error(); }
bool Agent::WaitUntilConnected(absl::Duration deadline) const { return parts_->connectedness.Await(deadline); }

}  // namespace hoop

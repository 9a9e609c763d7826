// The public class: checks the configuration, builds a loop, a dialler and one run on top of each other for as long as
// a session lasts.
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "client/connect_run.h"
#include "client/exec_run.h"
#include "client/gateway_address.h"
#include "client/proxy_manager_run.h"
#include "client/tls_config.h"
#include "hoop/client.h"
#include "net/dialler_context.h"
#include "net/event_loop.h"
#include "net/listener.h"
#include "transport/dialer_choice.h"
#include "wire/machine_headers.h"

namespace hoop {

// One session at a time runs on the caller's thread; Cancel comes from another.
struct Client::Parts {
  Parts(ClientOptions given, GatewayDialOptions to, MakeGatewayDialer make)
      : options(std::move(given)), gateway(std::move(to)), make_dialer(std::move(make)) {}

  std::unique_ptr<GatewayDialer> MakeDialer(EventLoop& loop) const { return make_dialer(loop, gateway); }
  SessionPlan MakePlan(const SessionRequest& request, std::string_view verb) const;
  SessionPlan MakeOrderedPlan() const;
  // Turns `loop` until `run` is done; `run` is started and cancelled on it.
  template <typename Run>
  void RunToEnd(EventLoop& loop, Run& run);

  const ClientOptions options;
  const GatewayDialOptions gateway;
  const MakeGatewayDialer make_dialer;

  absl::Mutex mu;
  bool cancelled ABSL_GUARDED_BY(mu) = false;
  // Of the session that runs; they post only.
  std::function<void()> cancel ABSL_GUARDED_BY(mu);
  std::function<void()> resized ABSL_GUARDED_BY(mu);
};

SessionPlan Client::Parts::MakePlan(const SessionRequest& request, std::string_view verb) const {
  SessionPlan plan;
  plan.request = request;
  plan.metadata.Add(std::string(header::kAuthorization), "Bearer " + options.config.token);
  plan.metadata.Add(std::string(header::kOrigin), "client");
  plan.metadata.Add(std::string(header::kVerb), std::string(verb));
  plan.metadata.Add(std::string(header::kConnectionName), request.connection);
  if (!request.correlation_id.empty()) {
    plan.metadata.Add(std::string(header::kCorrelationId), request.correlation_id);
  }
  AddMachineHeaders(plan.metadata, options.version);
  plan.keep_alive_at_once = verb == "exec";
  return plan;
}

SessionPlan Client::Parts::MakeOrderedPlan() const {
  SessionPlan plan;
  plan.metadata.Add(std::string(header::kAuthorization), "Bearer " + options.config.token);
  plan.metadata.Add(std::string(header::kOrigin), "client-proxymanager");
  plan.metadata.Add(std::string(header::kVerb), "connect");
  AddMachineHeaders(plan.metadata, options.version);
  plan.is_ordered = true;
  return plan;
}

template <typename Run>
void Client::Parts::RunToEnd(EventLoop& loop, Run& run) {
  {
    absl::MutexLock lock(&mu);
    cancel = [&loop, &run] { loop.Post([&run] { run.Cancel(); }); };
    if (cancelled) cancel();
  }
  loop.Post([&run] { run.Start(); });
  loop.Run();
  absl::MutexLock lock(&mu);
  cancel = resized = nullptr;
}

Client::Client(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  const ClientConfig& config = options.config;
  if (config.grpc_url.empty()) return FailedPrecondition("no gateway is configured (grpc_url)");
  if (config.token.empty()) return Unauthenticated("not signed in (no token)");
  if (config.token.find_first_of("\r\n \t") != std::string::npos) return InvalidArgument("the token has a blank in it");
  HOOP_ASSIGN_OR_RETURN(GatewayAddress address, GatewayAddress::Parse(config.grpc_url));
  GatewayDialOptions gateway{.address = std::move(address.address)};
  if (address.tls) {
    if (config.skip_tls_verify && !options.grpc_library.empty()) {
      return FailedPrecondition("gRPC library: it verifies always; leave HOOP_GRPC_CLIENT or --skip-tls-verify away");
    }
    HOOP_ASSIGN_OR_RETURN(gateway.tls_texts, ConfiguredTls(config));
    HOOP_ASSIGN_OR_RETURN(
        gateway.tls.context,
        MakeDiallerContext(gateway.tls_texts, config.skip_tls_verify ? TlsVerify::kNone : TlsVerify::kFull));
    gateway.tls.host = gateway.tls_texts.server_name;
  }
  if (options.clock == nullptr) options.clock = &Clock::System();
  HOOP_ASSIGN_OR_RETURN(MakeGatewayDialer make_dialer, ChooseGatewayDialer(options.grpc_library));
  gateway.user_agent = "hoopcli/" + options.version;
  return std::unique_ptr<Client>(
      new Client(std::make_unique<Parts>(std::move(options), std::move(gateway), std::move(make_dialer))));
}

absl::StatusOr<SessionResult> Client::Exec(const SessionRequest& request, ClientInput& input, ClientOutput& output,
                                           ClientEvents& events) {
  EventLoop loop(*parts_->options.clock);
  const auto dialer = parts_->MakeDialer(loop);
  absl::StatusOr<SessionResult> result = Internal("exec did not finish");
  ExecRun run(loop, *dialer, parts_->MakePlan(request, "exec"), {input, output, events},
              [&result, &loop](absl::StatusOr<SessionResult> done) {
                result = std::move(done);
                loop.Stop();
              });
  parts_->RunToEnd(loop, run);
  return result;
}

absl::StatusOr<SessionResult> Client::Connect(const SessionRequest& request, const ListenOptions& listen,
                                              ClientTerminal* terminal, ClientEvents& events) {
  EventLoop loop(*parts_->options.clock);
  const auto dialer = parts_->MakeDialer(loop);
  absl::StatusOr<SessionResult> result = Internal("connect did not finish");
  ConnectRun run(
      loop, *dialer, parts_->MakePlan(request, "connect"), listen,
      {.listen = [&loop](const Address& address,
                         ConnectRun::Accepted accepted) { return Listen(loop, address, std::move(accepted)); },
       .terminal = terminal,
       .events = events},
      [&result, &loop](absl::StatusOr<SessionResult> done) {
        result = std::move(done);
        loop.Stop();
      });
  {
    absl::MutexLock lock(&parts_->mu);
    parts_->resized = [&loop, &run] { loop.Post([&run] { run.OnTerminalResized(); }); };
  }
  parts_->RunToEnd(loop, run);
  return result;
}

absl::Status Client::ProxyManager(ClientEvents& events) {
  EventLoop loop(*parts_->options.clock);
  const auto dialer = parts_->MakeDialer(loop);
  absl::Status result;
  ProxyManagerRun run(
      loop, *dialer, parts_->MakeOrderedPlan(),
      [&loop] {
        return [&loop](const Address& address, ConnectRun::Accepted accepted) {
          return Listen(loop, address, std::move(accepted));
        };
      },
      events,
      [&result, &loop](const absl::Status& done) {
        result = done;
        loop.Stop();
      });
  parts_->RunToEnd(loop, run);
  return result;
}

void Client::TerminalResized() {
  absl::MutexLock lock(&parts_->mu);
  if (parts_->resized) parts_->resized();
}

void Client::Cancel() {
  absl::MutexLock lock(&parts_->mu);
  parts_->cancelled = true;
  if (parts_->cancel) parts_->cancel();
}

}  // namespace hoop

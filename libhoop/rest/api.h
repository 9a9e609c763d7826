// The REST API as functions, without sockets: all routes, who may use them, and the running of one. Built by the
// gateway from its parts; asked by Edge.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/limits/http.h"
#include "base/log.h"
#include "hoop/audit_store.h"
#include "hoop/clock.h"
#include "hoop/idp_verifier.h"
#include "identity/agent_keys.h"
#include "identity/local_accounts.h"
#include "identity/roles.h"
#include "identity/setup_token.h"
#include "rest/admin_actions.h"
#include "rest/content_parser.h"
#include "rest/exec_runner.h"
#include "rest/http_message.h"
#include "rest/proxy_manager.h"
#include "rest/request_counts.h"
#include "rest/route_table.h"
#include "rest/running_numbers.h"
#include "session/record_watcher.h"
#include "store/store.h"

namespace hoop::rest {

// What runs, as far as REST may touch it. Implemented in gateway/. Worker threads, several at a time.
class SessionControl {
 public:
  virtual ~SessionControl() = default;
  // Asks the session to end; `by` is said in its record. NotFound: it does not run (any more).
  virtual absl::Status Kill(std::string_view session_id, std::string_view by) = 0;
  // From now on `watcher` hears what the session records, for as long as it exists; of a session that has not begun,
  // from its beginning. DeadlineExceeded: the gateway did not answer.
  virtual absl::Status Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher) = 0;
  // A user (Identity::user_id) or a connection is no more: what goes on with it ends for this reason, soon.
  virtual void EndOfUser(std::string_view user_id, std::string_view reason) = 0;
  virtual void EndOnConnection(std::string_view org_id, std::string_view connection, std::string_view reason) = 0;
};

// Which agents are here now. Implemented in gateway/. Worker threads, several at a time.
class AgentPresence {
 public:
  virtual ~AgentPresence() = default;
  virtual bool IsOnline(std::string_view agent_id) const = 0;
  // An embedded agent asks, with the names of the shells it offers: somebody waits for it, or for one of them.
  // InvalidArgument, FailedPrecondition: what it offers cannot be; DeadlineExceeded: the gateway did not answer.
  virtual absl::StatusOr<bool> IsAwaited(const AgentRow& agent, const std::vector<std::string>& items) = 0;
  // The agent was deleted: its streams end, and with them its sessions.
  virtual void Disconnect(std::string_view agent_id) = 0;
  // The connection of this route (identity/agent_keys.h) is no more: the process that brought it along, and nothing
  // else, asks again what to serve.
  virtual void DisconnectRoute(std::string_view route) = 0;
};

// What the gateway says about itself.
struct ServerInfo {
  std::string version = "unknown";
  std::string api_url;   // http://host:port[/base]
  std::string grpc_url;  // grpc://host:port
  std::string auth_method = "local";
  std::string log_level = "info";
  absl::Duration session_retention = absl::InfiniteDuration();
  std::function<uint64_t()> journal_bytes = nullptr;  // on disk; null: the host has a record of its own
};

// Everything the routes stand on; all of it outlives Api.
struct ApiParts {
  Store& store;
  AuditStore& audit;
  IdpVerifier& verifier;
  LocalAccounts& accounts;
  SessionControl& sessions;
  AgentPresence& agents;
  ExecRunner& exec;
  ProxyManager& proxy_manager;
  AgentVerifier& agent_verifier;
  const Clock& clock;
  Log log;
  ServerInfo info;
  RoleGroups roles = {};
  const SetupToken* setup = nullptr;  // set while there is no account: what the first one must show to register
  absl::Duration exec_wait = limits::kRestExecWait;  // for a command's end, before it is answered that it runs
  RunningNumbersSource* numbers = nullptr;           // null: of the API itself only
};

// Owned by Gateway; outlives Edge. Match: any thread, never blocks. Authorize and Run block: worker threads, several
// at a time.
class Api final {
 public:
  explicit Api(ApiParts parts);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // `path` as sent, with the base path of the API's URL. 400: no path at all.
  absl::StatusOr<RouteMatch> Match(std::string_view method, std::string_view path) const;

  // Who asks, by the header `authorization`; of an agent, `subject` is its id. 401, 403; 503: the issuer could not be
  // asked.
  absl::StatusOr<std::optional<Identity>> Authorize(const Route& route,
                                                    const std::optional<std::string>& authorization) const;

  // Whether Authorize may wait for a host's function. Any thread, never blocks.
  bool MayWait(const Route& route, const std::optional<std::string>& authorization) const;

  // Fills in query and body, runs the route and turns its errors into an answer.
  Outcome Run(const Route& route, std::string_view query, std::string body, Request request) const;
  // The same for the answer of a Deferral that `route` gave.
  Response Settle(const Route& route, absl::StatusOr<Response> answer) const;

  // An answer was given; `route` null: the path led nowhere. Any thread.
  void Note(const Route* route, int status) const { counts_.Note(route, status); }

  const RouteTable& routes() const { return routes_; }

 private:
  absl::StatusOr<Identity> IdentifyAgent(std::string_view token) const;

  const ApiParts parts_;
  const std::string prefix_;  // "/base/api"
  const ContentParser parser_;
  const AdminActions admin_actions_;
  mutable RequestCounts counts_;
  RouteTable routes_;
  std::string openapi_;  // the description of all of them
};

}  // namespace hoop::rest

// The agent as a class: dials a gateway, holds the path to private services. tools/hoop-agent, `hoop start dev` and
// host programs assemble it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "hoop/clock.h"
#include "hoop/host_service.h"
#include "hoop/log.h"
#include "hoop/tls.h"

namespace hoop {

// A connection that an agent brings along (`hoop run`): the gateway makes it, or brings it up to date, and calls for
// the agent: ours at once, a real one when somebody wants it. Its key is the organization's, or that of an agent of
// mode embedded.
struct AgentConnection {
  std::string name;  // at least three letters, digits, '_', with '-' and '.' between them
  std::string type = "custom";
  std::string subtype;
  std::vector<std::string> command;
  std::vector<std::string> reviewers;
  std::vector<std::string> redact_types;
};

// Everything an agent is told.
struct AgentOptions {
  // The DSN: <scheme>://<name>:<secret>@<host>:<port>?mode=standard. With mode=embedded the agent asks whether
  // somebody wants it, connects when the gateway says so and stays then; sessions get all variables of `environment`.
  std::string key;
  std::optional<AgentConnection> connection;  // set: it connects on demand
  // Names of shells that an embedded agent offers to gateways of 2024, lower case.
  std::vector<std::string> connection_items;
  // For keys with grpcs://, https:// or wss://; the gateway's certificate is always verified.
  DiallerTls tls;
  std::string version = "unknown";
  // The path of libhoop_grpc.so: gRPC C++ dials the gateway (HTTP CONNECT proxies, resolvers). Empty: our own does.
  std::string grpc_library;
  // The program that becomes the warden when it is started with these arguments; it must call RunWarden() then.
  // Our programs name themselves: {"/proc/self/exe", "warden"}.
  std::vector<std::string> warden_command;
  // Where secret files live; a 0700 folder per agent life is made inside. Default: the system's temporary folder.
  std::string runtime_dir;
  // The agent's own variables. PATH and HOME go to every command, another one where a connection asks for it by the
  // value "system.agent.envs". Leave out what no connection may see, above all the key.
  std::map<std::string, std::string> environment;
  // Refuses connections to databases whose TLS does not verify the server: SSLMODE verify-ca or verify-full is needed.
  bool require_verified_tls = false;
  // What this program serves itself, by name: for byte streams whose HOST is "host:<name>" and commands whose first
  // word is that.
  std::map<std::string, HostService*> host_services;
  // connected() or last_error() may say something else now. Called on the agent's thread, which it must not block.
  std::function<void()> on_change;
  Clock* clock = nullptr;
  LogSink* log = nullptr;
};

// Owned by the program. Starts a thread of its own that dials with jittered back-off until Stop. Any thread.
class Agent final {
 public:
  // InvalidArgument: the key is not a DSN, or not of the kind that is needed (AgentConnection), or something is wrong
  // with the texts for TLS. FailedPrecondition: the gRPC library cannot be loaded, or there are no authorities to
  // verify the gateway by. Also makes the secret folder, and sweeps those of agents that were killed.
  static absl::StatusOr<std::unique_ptr<Agent>> Create(AgentOptions options);
  ~Agent();  // as Stop
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  absl::Status Start();
  // The gateway is about to end on purpose: it is not looked for again, nor is its loss worth a warning. Stop follows.
  void Retire();
  // Its loop turns: answers within `patience`. Waits for that. Between Start and Stop.
  bool Responds(absl::Duration patience);
  // Ends all sessions and their processes, within `deadline`. Idempotent.
  void Stop(absl::Duration deadline);

  // "gw.example.com:8010", and whether TLS is spoken there.
  std::string gateway_address() const;
  bool speaks_tls() const;
  // standard, embedded, multi-connection: how it reaches the gateway.
  std::string mode() const;
  // True while the gateway has accepted this agent; while it waits for somebody to want it, too.
  bool connected() const;
  // Why it is not, as the log said last; OK while it is, and before the first attempt has failed. Unauthenticated and
  // InvalidArgument: the gateway refuses the key, or the connection that it brings along, and will do so again.
  absl::Status last_error() const;
  // Until connected() or the deadline, whichever comes first.
  bool WaitUntilConnected(absl::Duration deadline) const;

 private:
  struct Parts;
  explicit Agent(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The warden's main(): starts commands on behalf of an agent until the socket `descriptor` (its standard input when
// started by AgentOptions::warden_command) ends. Call it before anything else has made threads. Returns the exit code.
int RunWarden();

}  // namespace hoop

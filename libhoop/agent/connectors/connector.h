// What stands at the agent's end of a session: a Connector per session, a Target per connection id (per session for
// commands). Implemented in this folder, one file per kind of target; driven by SessionWorker.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "agent/agent_context.h"
#include "agent/line.h"
#include "agent/session_environment.h"
#include "net/dial.h"
#include "wire/capabilities.h"
#include "wire/connection_params.h"

namespace hoop {

// How a target ended. A value.
struct TargetEnd {
  int exit_code = 0;  // of a command; the end of the session then
  std::string text;   // empty: nothing to say
};

// One connection to a target, or one command. Owned by the session worker; loop thread only. Destroying it ends
// everything at once; in order it ends by calling `ended`, once, from inside any of these calls or later.
class Target {
 public:
  using Ended = absl::AnyInvocable<void(TargetEnd)>;
  virtual ~Target() = default;

  // What the user's side sent, of a type that the connector takes.
  virtual void OnPacket(Packet packet) = 0;
  // The line takes more again.
  virtual void OnLineDrained() = 0;
  // The user's side closed: what it sent before still reaches the target.
  virtual void OnUserClosed() = 0;
};

// One per session. Owned by the session worker; loop thread only.
class Connector {
 public:
  virtual ~Connector() = default;

  // Whether packets of this type are for a target; the first one makes it.
  virtual bool Takes(std::string_view packet_type) const = 0;
  // false: one target for the session, whose end is the session's.
  virtual bool has_connection_ids() const = 0;

  // `line` outlives the target.
  virtual std::unique_ptr<Target> Start(Line& line, Target::Ended ended) = 0;
};

// What a connector is made of. Borrowed or copied; outlives it.
struct ConnectorSeat {
  AgentContext& context;
  Capabilities granted;
  AgentConnectionParams params;
  SessionEnvironment environment;
};

// By connection type and verb. InvalidArgument: a secret is missing or wrong; Unimplemented: no such kind here.
// The text is for the user.
absl::StatusOr<std::unique_ptr<Connector>> MakeConnector(ConnectorSeat seat);

// Where a session of this kind is dialled before it counts as open; nullopt: nowhere.
absl::StatusOr<std::optional<Address>> LivenessAddress(const AgentConnectionParams& params,
                                                       const SessionEnvironment& environment);

}  // namespace hoop

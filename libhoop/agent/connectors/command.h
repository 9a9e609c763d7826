// What the connectors that run a connection's command share: what is started, and how its end is told.
// Texts and codes are those that programs who read them know.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "agent/connectors/connector.h"
#include "agent/warden/launch.h"

namespace hoop {

inline constexpr int kAgentErrorCode = 254;

// The command with the user's arguments, the session's variables and secret files, HOME (unless the session has one)
// and PATH of the agent; `defaults` are variables that a session may replace. InvalidArgument: nothing to run, or a
// word whose variables are empty.
absl::StatusOr<Launch> MakeLaunch(const ConnectorSeat& seat, const std::map<std::string, std::string>& defaults);

// Of MakeLaunch, of what WardenLink::Run or the keeper said, and of a command that ran.
TargetEnd NotConfigured(const absl::Status& why);
TargetEnd NotStarted(const absl::Status& why);
TargetEnd CommandEnd(int wait_status);
// Warden or keeper died before its exit was known.
TargetEnd CommandLost(const absl::Status& why);

}  // namespace hoop

// What the parts of one session share: who uses what, what both peers can do. Built by gateway/client_entry, read by
// the stages.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hoop/audit_store.h"
#include "wire/capabilities.h"
#include "wire/connection_params.h"

namespace hoop {

// The connection id of terminals and one-off commands, which have no local connections.
inline constexpr std::string_view kCommandConnectionId = "0";

// Owned by Session; constant after the session was opened, but for head.client_args and head.client_env, known with the
// first packet. Then head.command and head.client_env go: from there on they are in the record only.
struct SessionContext {
  SessionHead head;
  // What the agent is told, secrets included; null after it was.
  std::unique_ptr<AgentConnectionParams> params = std::make_unique<AgentConnectionParams>();
  Capabilities client_capabilities;  // granted
  Capabilities agent_capabilities;   // granted
  std::string agent_version;
  // The session ends when the time is over that its open asks for. Not so for other clients: those of 2024 always ask
  // for half an hour, and mean how long an approval is to hold.
  bool is_timed = false;

  // A terminal or a one-off command, on a connection of any type.
  bool is_command() const { return head.verb == "exec" || head.wire_type == "command-line"; }
};

}  // namespace hoop

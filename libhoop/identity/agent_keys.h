// Keys of agents: made, hashed, checked. AgentVerifier is called at the gRPC listener for each agent stream; the rest
// by rest/ and the development mode when they make an agent.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "store/agent_table.h"
#include "store/connection_table.h"

namespace hoop {

// "xagt-" and 43 characters.
std::string NewAgentKey();

// What is stored: hex SHA-256 over the whole key, prefix included.
std::string HashAgentKey(std::string_view key);

// The same in every gateway: UUID version 5 of agent/<org id>/<name>.
std::string AgentId(std::string_view org_id, std::string_view name);

// Under which id the router finds the agent of a connection: the agent's own; for a connection that an agent brought
// along, one of its own (UUID version 5 of <agent id>/<connection name>), for several processes may share a key.
std::string RouteOf(const ConnectionRow& connection);
std::string RouteOf(const AgentRow& agent, std::string_view brought_connection);

// Owned by Gateway. Blocks on the store: worker threads, several at a time.
class AgentVerifier final {
 public:
  explicit AgentVerifier(AgentTable& agents) : agents_(agents) {}

  // `token` is the text after "Bearer ": a DSN (base/agent_dsn.h), or an x-agt- token of old. The shape decides how it
  // is checked, and a failed check is final.
  // Unauthenticated: "invalid authentication", or "invalid authentication, mismatch dsn attributes" for the right key
  // under another name or mode. Unavailable: the store could not be asked.
  absl::StatusOr<AgentRow> Verify(std::string_view token);

 private:
  absl::StatusOr<AgentRow> FindByHash(std::string_view hash);

  AgentTable& agents_;
};

}  // namespace hoop

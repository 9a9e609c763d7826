// Connections that agents bring along: kept in the store as their agents say. Asked by agent_entry and loop_bridges
// before an agent is told to connect, and when it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hoop/clock.h"
#include "store/store.h"
#include "wire/pre_connect.h"

namespace hoop {

// Owned by Gateway. Blocks on the store: worker threads, several at a time.
class PublishedConnections final {
 public:
  PublishedConnections(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  // Makes the connection, or brings it up to date; its route. FailedPrecondition "connection <name> is not being
  // managed by this process, choose another name": it is somebody else's. InvalidArgument: a field is wrong, or the
  // agent's mode is standard. ResourceExhausted: limits::kPublishedConnectionsMax.
  absl::StatusOr<std::string> Publish(const AgentRow& agent, const PreConnectRequest& wanted);

  // Shells named <agent>:<item>, as embedded agents of 2024 offer them. Their routes. As Publish.
  absl::StatusOr<std::vector<std::string>> PublishItems(const AgentRow& agent, const std::vector<std::string>& items);

  // The route of a connection that this agent brought along.
  // InvalidArgument "connection <name> is not managed by agent <agent>".
  absl::StatusOr<std::string> RouteTo(const AgentRow& agent, std::string_view connection);

 private:
  absl::StatusOr<std::string> Put(const AgentRow& agent, const PreConnectRequest& wanted);
  absl::Status Insert(ConnectionRow row);

  Store& store_;
  Clock& clock_;
};

// The names in the header connection-items, "b, A,": lower case, sorted, each once. InvalidArgument: too long.
absl::StatusOr<std::vector<std::string>> ParseConnectionItems(std::string_view text);
// "<agent>:<item>"
std::string ItemConnectionName(const AgentRow& agent, std::string_view item);

}  // namespace hoop

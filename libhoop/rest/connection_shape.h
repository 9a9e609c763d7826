// A connection as JSON, out and in. Used by the routes of connections and of resources. Values of secrets come in here
// and never go out again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rest/api.h"
#include "rest/json.h"
#include "store/connection_table.h"

namespace hoop::rest {

// `groups`: who may use it. `features`: null in lists.
Json ConnectionJson(const ConnectionRow& connection, const std::vector<std::string>& groups,
                    const AgentPresence& presence, Json features);

// The features of a connection that is asked for alone.
Json NoFeatures();

// What a body says of a connection.
struct ConnectionChanges {
  ConnectionRow row;
  std::optional<std::vector<std::string>> groups;  // absent: not said
};

// `row` with everything that the body mentions put in its place; null empties, but for a secret: there the value of
// before stays. 400, 422: a member or the whole makes no sense.
absl::StatusOr<ConnectionChanges> ReadConnection(ObjectReader& body, ConnectionRow row);

// The defaults of what nobody said: resource, command.
void Complete(ConnectionRow& row);

}  // namespace hoop::rest

// The unary call of agents that connect only when somebody wants them (`PreConnect`): what they ask, what they are
// answered. Used by gateway/agent_entry. Source: proto/transport.proto.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// What of a PreConnectRequest matters here. A value.
struct PreConnectRequest {
  std::string name;  // of the connection that the agent brings along; empty: it serves those that name it
};

// InvalidArgument: not such a message.
absl::StatusOr<PreConnectRequest> ParsePreConnectRequest(std::string_view message);

// A PreConnectResponse: "CONNECT" (open Connect now), or "BACKOFF" (ask again later; the message says why).
std::string EncodePreConnectResponse(std::string_view status, std::string_view message);

}  // namespace hoop

// The unary call of agents that connect only when somebody wants them (`PreConnect`): what they ask, what they are
// answered. Used by gateway/agent_entry and by agent/pre_connect_loop. Source: proto/transport.proto.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop {

// A value. Without a name: the agent serves those connections that name it.
struct PreConnectRequest {
  std::string name;  // of the connection that the agent brings along
  std::string type;
  std::string subtype;
  std::vector<std::string> command;
  std::map<std::string, std::string> env_vars;  // "envvar:NAME" -> base64; real agents keep theirs to themselves
  std::vector<std::string> reviewers;
  std::vector<std::string> redact_types;
};

// InvalidArgument: not such a message.
absl::StatusOr<PreConnectRequest> ParsePreConnectRequest(std::string_view message);
std::string EncodePreConnectRequest(const PreConnectRequest& request);

inline constexpr std::string_view kPreConnectNow = "CONNECT";    // open Connect now
inline constexpr std::string_view kPreConnectLater = "BACKOFF";  // ask again later; the message may say why

// A value.
struct PreConnectResponse {
  std::string status;
  std::string message;
};

// InvalidArgument: not such a message.
absl::StatusOr<PreConnectResponse> ParsePreConnectResponse(std::string_view message);
std::string EncodePreConnectResponse(std::string_view status, std::string_view message);

}  // namespace hoop

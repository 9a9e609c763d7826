// The credential of an agent as one line of text: <scheme>://<name>:<secret>@<host>:<port>?mode=<mode>.
// Pure text: read by the agent that dials with it and by the gateway that checks it.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// The agent that stands for an organization's key; processes that bring connections along use it.
inline constexpr std::string_view kOrganizationAgent = "_default";
inline constexpr std::string_view kMultiConnection = "multi-connection";  // its mode

struct AgentDsn {
  std::string scheme;        // http, https, grpc, grpcs, wss: decides TLS only
  std::string name;          // empty in the old form
  std::string address;       // host:port, as it stands
  std::string mode;          // standard, embedded, multi-connection; empty when absent
  std::string key;           // what the gateway hashes: the secret, in the old form the whole text
  bool is_old_form = false;  // <scheme>://<host>:<port>/<64 hex digits>

  // The organization's, with which processes bring connections along.
  bool IsOrganizations() const { return mode == kMultiConnection || (mode.empty() && name == kOrganizationAgent); }
  bool IsTls() const { return scheme == "grpcs" || scheme == "https" || scheme == "wss"; }
};

// InvalidArgument; the text never repeats the input.
absl::StatusOr<AgentDsn> ParseAgentDsn(std::string_view text);

// The line for a new agent: scheme, host and port come from `gateway_url` (the gRPC URL). An empty mode is left out.
// InvalidArgument: the URL has no scheme of the list above, no host or no port.
absl::StatusOr<std::string> MakeAgentDsn(std::string_view gateway_url, std::string_view name, std::string_view key,
                                         std::string_view mode);

}  // namespace hoop

// What the gateway tells the agent about the connection of a session: spec key agent.connection_params of
// AgentSessionOpen. Made by session/, read by agent/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop {

// The fields of 2024 and of 2026 together: receivers match them by name and skip what they do not know. Not kept:
// PluginHookList and AISessionAnalyzer, which no program of ours uses. JSON texts are not looked into here.
struct AgentConnectionParams {
  std::string connection_name;
  std::string connection_type;     // as said on the wire: postgres, tcp, command-line
  std::string connection_subtype;  // as stored
  std::string user_id;
  std::string user_email;
  std::map<std::string, std::string> env_vars;  // "envvar:NAME" or "filesystem:NAME" -> base64
  std::vector<std::string> command;
  std::vector<std::string> client_args;
  std::string client_verb;  // connect, exec, plain-exec
  std::string client_origin;
  std::string dlp_provider;
  std::string dlp_mode;
  std::vector<std::string> dlp_info_types;
  std::string dlp_gcp_raw_credentials_json;
  std::string dlp_presidio_analyzer_url;
  std::string dlp_presidio_anonymizer_url;
  std::string data_masking_entity_types_json;
  std::string guard_rail_rules_json;  // not empty: 2026 agents refuse tcp sessions
  std::string analyzer_metrics_rules_json;

  bool operator==(const AgentConnectionParams&) const = default;
};

// InvalidArgument: not a gob stream of such a struct, or an environment variable that is no text.
absl::StatusOr<AgentConnectionParams> DecodeConnectionParams(std::string_view stream);

std::string EncodeConnectionParams(const AgentConnectionParams& params);

}  // namespace hoop

// The variables and secret files of one session: what the gateway sent, what the user added, what the agent adds.
// Pure functions; used by SessionWorker and the connectors.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "wire/connection_params.h"

namespace hoop {

// Decoded values by name. A value; holds secrets.
struct SessionEnvironment {
  std::map<std::string, std::string> variables;  // envvar:NAME
  std::map<std::string, std::string> files;      // filesystem:NAME -> content; the variable holds the path

  std::string Get(std::string_view name) const;
};

// `user_variables` (spec terminal.envvars) never replace one of the connection. `agent_variables` answer the value
// "system.agent.envs"; with `exports_all` each of them goes before the connection's own. InvalidArgument: a key or a
// value that cannot be read; the text names the key, never the value.
absl::StatusOr<SessionEnvironment> BuildSessionEnvironment(const AgentConnectionParams& params,
                                                           const std::map<std::string, std::string>& user_variables,
                                                           const std::map<std::string, std::string>& agent_variables,
                                                           bool exports_all, std::string_view session_id);

// The connection's command followed by the user's arguments, with $NAME and ${NAME} replaced in all but the program.
// InvalidArgument: nothing to run, a word whose variables are all empty, or an argument of the user with a variable
// that is none: the text names these.
absl::StatusOr<std::vector<std::string>> ExpandArguments(const std::vector<std::string>& command,
                                                         const std::vector<std::string>& user_arguments,
                                                         const std::map<std::string, std::string>& variables);

}  // namespace hoop

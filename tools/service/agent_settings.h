// What hoop-agent is told by its environment. The table in the .cc is docs/environment.md and `hoop-agent --help`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hoop/agent.h"
#include "tools/service/log_settings.h"
#include "tools/service/variable.h"

namespace hoop {

struct AgentSettings {
  AgentOptions options;
  LogSettings log;
  absl::Duration shutdown_deadline = absl::Seconds(5);
  std::string connection_items;    // as given; read into options
  std::vector<std::string> notes;  // for the log, once there is one
};

// Rows that store into `to`, which outlives them.
Variables AgentVariables(AgentSettings& to);

// Fills `settings`. InvalidArgument: one line that names the variable.
absl::Status ReadAgentSettings(const Environment& environment, AgentSettings& settings);

// What an agent of this environment may hand to sessions (AgentOptions::environment): neither HOOP_*, which is for our
// own programs, nor a secret of theirs under another name.
std::map<std::string, std::string> VariablesOfSessions(const Environment& environment);

}  // namespace hoop

#include "agent/connectors/command.h"

#include <sys/wait.h>

#include <cctype>
#include <cstring>
#include <utility>

#include "agent/warden/warden_link.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr int kNotFoundCode = 127;
constexpr int kNotStartedCode = 1;

}  // namespace

absl::StatusOr<Launch> MakeLaunch(const ConnectorSeat& seat, const std::map<std::string, std::string>& defaults) {
  Launch launch;
  std::map<std::string, std::string> variables = seat.environment.variables;
  for (const auto& [name, content] : seat.environment.files) {
    launch.files.push_back({seat.context.warden.NewFileName(), content});
    variables.insert_or_assign(name, seat.context.warden.PathOf(launch.files.back().name));
  }
  const std::map<std::string, std::string>& own = seat.context.environment;
  if (auto home = own.find("HOME"); home != own.end()) variables.insert(*home);  // keeps the connection's
  if (auto path = own.find("PATH"); path != own.end()) variables.insert_or_assign("PATH", path->second);
  HOOP_ASSIGN_OR_RETURN(launch.arguments, ExpandArguments(seat.params.command, seat.params.client_args, variables));
  variables.insert(defaults.begin(), defaults.end());
  for (const auto& [name, value] : variables) launch.environment.push_back(fmt::format("{}={}", name, value));
  return launch;
}

TargetEnd NotConfigured(const absl::Status& why) {
  return {kAgentErrorCode, "failed configuring command, reason=" + StatusText(why)};
}

TargetEnd NotStarted(const absl::Status& why) {
  if (absl::IsNotFound(why)) {
    return {kNotFoundCode, fmt::format("exec: \"{}\": executable file not found in $PATH", StatusText(why))};
  }
  return {kNotStartedCode, "failed starting command, reason=" + StatusText(why)};
}

TargetEnd CommandEnd(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const char* name = ::sigdescr_np(WTERMSIG(wait_status));
    std::string signal = name != nullptr ? name : fmt::format("signal {}", WTERMSIG(wait_status));
    signal[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(signal[0])));
    return {-1, fmt::format("failed executing command, reason=signal: {}", signal)};
  }
  const int code = WEXITSTATUS(wait_status);
  if (code == 0) return {};
  return {code, fmt::format("failed executing command, reason=exit status {}", code)};
}

TargetEnd CommandLost(const absl::Status& why) { return {kAgentErrorCode, "command ended, reason=" + StatusText(why)}; }

}  // namespace hoop

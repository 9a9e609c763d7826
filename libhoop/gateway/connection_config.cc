#include "gateway/connection_config.h"

#include <algorithm>
#include <vector>

#include "base/connection_types.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/connection_checks.h"
#include "rest/names.h"

namespace hoop {
namespace {

constexpr std::string_view kPassword = "PASS";

absl::Status CheckSecrets(const ConnectionConfig& config, std::initializer_list<std::string_view> names) {
  std::vector<std::string_view> missing;
  for (const std::string_view name : names) {
    const auto found = config.secrets.find(fmt::format("envvar:{}", name));
    const bool may_be_empty = name == kPassword;
    if (found == config.secrets.end() || (found->second.empty() && !may_be_empty)) missing.push_back(name);
  }
  if (missing.empty()) return absl::OkStatus();
  const bool lacks_password = missing.back() == kPassword;
  return InvalidArgument("missing required secrets for type {} [{}]{}", WireType(config.type, config.subtype),
                         fmt::join(missing, ", "),
                         lacks_password ? "; a server that asks for no password has an empty PASS" : "");
}

// What a declaration needs besides: whoever declares it is there to be told, and no agent's environment is awaited.
absl::Status CheckConfig(const ConnectionConfig& config) {
  if (config.agent.empty()) return InvalidArgument("agent is missing");
  for (const std::string& mode : config.access_modes) {
    if (mode != "connect" && mode != "exec" && mode != "runbooks") {
      return InvalidArgument("access mode {} is not known", mode);
    }
  }
  if (config.groups) HOOP_RETURN_IF_ERROR(rest::CheckGroups(*config.groups));
  const std::string wire = WireType(config.type, config.subtype);
  if (wire == "command-line" && config.command.empty()) {
    return InvalidArgument("command-line type must be at least one command");
  }
  if (wire == "tcp") return CheckSecrets(config, {"HOST", "PORT"});
  if (wire == "postgres" || wire == "mysql" || wire == "mssql")
    return CheckSecrets(config, {"HOST", "USER", kPassword});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConnectionRow> MakeConnectionRow(const ConnectionConfig& config, std::string_view org_id,
                                                absl::Time now) {
  const auto has_mode = [&config](std::string_view mode) {
    return std::find(config.access_modes.begin(), config.access_modes.end(), mode) != config.access_modes.end();
  };
  ConnectionRow row;
  row.id = NewUuid();
  row.org_id = std::string(org_id);
  row.name = config.name;
  row.type = config.type;
  row.subtype = config.subtype;
  row.command = config.command.empty() ? DefaultCommand(WireType(config.type, config.subtype)) : config.command;
  row.agent_id = AgentId(org_id, config.agent);
  for (const auto& [key, value] : config.secrets) row.secrets.emplace(key, Base64Encode(value));
  row.record_policy = config.record;
  row.exec_enabled = has_mode("exec");
  row.connect_enabled = has_mode("connect");
  row.runbooks_enabled = has_mode("runbooks");
  row.connection_tags = config.tags;
  row.secrets_updated_at = row.created_at = row.updated_at = now;
  absl::Status wrong = rest::CheckConnection(row);
  if (wrong.ok()) wrong = CheckConfig(config);
  if (!wrong.ok()) return Annotate(wrong, fmt::format("connection \"{}\"", config.name));
  return row;
}

}  // namespace hoop

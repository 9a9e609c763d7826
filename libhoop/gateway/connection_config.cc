#include "gateway/connection_config.h"

#include <algorithm>

#include "base/connection_types.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/names.h"

namespace hoop {
namespace {

absl::Status CheckSecrets(const ConnectionConfig& config, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = config.secrets.find(fmt::format("envvar:{}", name));
    if (found == config.secrets.end() || found->second.empty()) {
      return InvalidArgument("connection {}: missing required secret {} for type {}", config.name, name,
                             WireType(config.type, config.subtype));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckConfig(const ConnectionConfig& config) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (config.name.empty() || config.name.size() > 128 ||
      !std::all_of(config.name.begin(), config.name.end(), allowed)) {
    return InvalidArgument("connection name \"{}\": only letters, digits, '-', '_' and '.' (1 to 128)", config.name);
  }
  if (!IsConnectionType(config.type))
    return InvalidArgument("connection {}: invalid connection type \"{}\"", config.name, config.type);
  if (config.agent.empty()) return InvalidArgument("connection {}: agent is missing", config.name);
  for (const auto& [key, value] : config.secrets) {
    if (!key.starts_with("envvar:") && !key.starts_with("filesystem:")) {
      return InvalidArgument("connection {}: secret {} is neither envvar: nor filesystem:", config.name, key);
    }
  }
  for (const std::string& mode : config.access_modes) {
    if (mode != "connect" && mode != "exec" && mode != "runbooks") {
      return InvalidArgument("connection {}: access mode {} is not known", config.name, mode);
    }
  }
  if (config.groups) HOOP_RETURN_IF_ERROR(rest::CheckGroups(*config.groups));
  const std::string wire = WireType(config.type, config.subtype);
  if (wire == "command-line" && config.command.empty()) {
    return InvalidArgument("connection {}: command-line type must be at least one command", config.name);
  }
  if (wire == "tcp") return CheckSecrets(config, {"HOST", "PORT"});
  if (wire == "postgres") return CheckSecrets(config, {"HOST", "USER"});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConnectionRow> MakeConnectionRow(const ConnectionConfig& config, std::string_view org_id,
                                                absl::Time now) {
  HOOP_RETURN_IF_ERROR(CheckConfig(config));
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
  return row;
}

}  // namespace hoop

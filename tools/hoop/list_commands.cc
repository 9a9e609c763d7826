#include "list_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "table.h"

namespace hoop::cli {
namespace {

std::string AgentName(const std::map<std::string, std::string>& agents, const std::string& id) {
  const auto found = agents.find(id);
  return found == agents.end() ? "-" : found->second;
}

std::string TagsText(const std::map<std::string, std::string>& tags) {
  std::string text;
  for (const auto& [key, value] : tags) text += fmt::format("{}{}={}", text.empty() ? "" : ", ", key, value);
  return text.empty() ? "-" : text;
}

std::string ModesText(const ConnectionInfo& connection) {
  std::string text;
  const std::pair<bool, const char*> modes[] = {{connection.exec_enabled, "exec"},
                                                {connection.connect_enabled, "connect"},
                                                {connection.runbooks_enabled, "runbooks"}};
  for (const auto& [enabled, name] : modes) {
    if (enabled) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  }
  return text.empty() ? "none" : text;
}

// What to type next.
std::string UseText(const ConnectionInfo& connection) {
  const bool is_port = connection.type == "database" || connection.type == "tcp" || connection.type == "postgres" ||
                       connection.subtype == "tcp";
  if (is_port) return connection.connect_enabled ? "hoop connect " + connection.name : "";
  if (connection.exec_enabled) return fmt::format("hoop exec {} -i 'COMMAND'", connection.name);
  return connection.connect_enabled ? "hoop connect " + connection.name : "";
}

const std::string& ResourceOf(const ConnectionInfo& connection) {
  return connection.resource.empty() ? connection.name : connection.resource;
}

// The connections of one resource each, in the order of names.
std::map<std::string, std::vector<ConnectionInfo>> ByResource(std::vector<ConnectionInfo> connections) {
  std::map<std::string, std::vector<ConnectionInfo>> resources;
  for (ConnectionInfo& connection : connections) resources[ResourceOf(connection)].push_back(std::move(connection));
  return resources;
}

bool IsWanted(const std::string& name, const ConnectionInfo& first, const ResourcesOptions& options) {
  if (!options.name.empty() && name != options.name) return false;
  if (!options.subtype.empty() && first.subtype != options.subtype) return false;
  const std::string text = name + "\n" + first.type + "\n" + first.subtype;
  return text.find(options.search) != std::string::npos;
}

void PrintJson(const nlohmann::ordered_json& json) {
  Print(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

nlohmann::ordered_json RoleJson(const ConnectionInfo& role, const std::map<std::string, std::string>& agents) {
  return {{"id", role.id},
          {"name", role.name},
          {"resource", ResourceOf(role)},
          {"type", role.type},
          {"subtype", role.subtype},
          {"agent_id", role.agent_id},
          {"agent", AgentName(agents, role.agent_id)},
          {"status", role.status}};
}

}  // namespace

absl::Status ListConnections(ApiClient& api, const ListOptions& options) {
  if (options.form == OutputForm::kJson) {
    const auto json = api.GetJson("connections");
    if (json.ok()) Print(*json + "\n");
    return json.status();
  }
  const auto connections = api.Connections();
  if (!connections.ok()) return connections.status();
  if (connections->empty()) {
    Print("No connections available\n");
    return absl::OkStatus();
  }
  const auto agents = AgentNames(api);
  const bool wide = options.form == OutputForm::kWide;
  Rows rows = {{"NAME", "TYPE", "AGENT", "STATUS"}};
  if (wide) rows = {{"NAME", "COMMAND", "TYPE", "AGENT", "STATUS", "TAGS"}};
  for (const ConnectionInfo& connection : *connections) {
    const std::string type = TypeText(connection.type, connection.subtype);
    const std::string agent = AgentName(agents, connection.agent_id);
    if (wide) {
      rows.push_back({connection.name, CommandText(connection.command), type, agent, connection.status,
                      TagsText(connection.tags)});
    } else {
      rows.push_back({connection.name, type, agent, connection.status});
    }
  }
  PrintTable(rows, wide);
  return absl::OkStatus();
}

absl::Status DescribeConnection(ApiClient& api, const DescribeOptions& options) {
  if (options.json) {
    const auto json = api.GetJson("connections", "connection", options.connection);
    if (json.ok()) Print(*json + "\n");
    return json.status();
  }
  const auto connection = api.Connection(options.connection);
  if (!connection.ok()) return connection.status();
  Rows rows = {
      {"name", connection->name},
      {"type", TypeText(connection->type, connection->subtype)},
      {"status", connection->status},
      {"agent", AgentName(AgentNames(api), connection->agent_id)},
      {"command", CommandText(connection->command)},
      {"open for", ModesText(*connection)},
      {"used by", connection->access_groups.empty() ? "everybody"
                                                    : fmt::format("{}", fmt::join(connection->access_groups, ", "))}};
  if (!connection->record.empty()) rows.push_back({"record", connection->record});
  if (!connection->secret_keys.empty()) {
    rows.push_back({"secrets", fmt::format("{}", fmt::join(connection->secret_keys, ", "))});
  }
  if (!connection->reviewers.empty()) {
    rows.push_back({"reviewers", fmt::format("{}", fmt::join(connection->reviewers, ", "))});
  }
  rows.push_back({"tags", TagsText(connection->tags)});
  if (const std::string use = UseText(*connection); !use.empty()) rows.push_back({"use", use});
  Print(FormatTable(rows));
  return absl::OkStatus();
}

absl::Status ListRoles(ApiClient& api, const RolesOptions& options) {
  const auto connections = api.Connections();
  if (!connections.ok()) return connections.status();
  const auto agents = options.quiet ? std::map<std::string, std::string>() : AgentNames(api);
  Rows rows = {{"NAME", "TYPE", "SUBTYPE", "RESOURCE", "AGENT", "STATUS"}};
  auto list = nlohmann::ordered_json::array();
  std::string names;
  for (const ConnectionInfo& role : *connections) {
    if (!options.resource.empty() && ResourceOf(role) != options.resource) continue;
    rows.push_back({role.name, role.type, role.subtype.empty() ? "-" : role.subtype, ResourceOf(role),
                    AgentName(agents, role.agent_id), role.status});
    list.push_back(RoleJson(role, agents));
    names += role.name + "\n";
  }
  if (!options.resource.empty() && list.empty()) {
    return absl::NotFoundError(
        fmt::format("resource {} not found; `hoop resources list` shows them", Harmless(options.resource)));
  }
  if (options.json) {
    PrintJson(list);
  } else if (options.quiet) {
    Print(names);
  } else {
    PrintTable(rows);
  }
  return absl::OkStatus();
}

absl::Status ListResources(ApiClient& api, const ResourcesOptions& options) {
  auto connections = api.Connections();
  if (!connections.ok()) return connections.status();
  const auto agents = options.quiet ? std::map<std::string, std::string>() : AgentNames(api);
  Rows rows = {{"NAME", "TYPE", "SUBTYPE", "AGENT", "ROLES"}};
  auto list = nlohmann::ordered_json::array();
  std::string names;
  for (const auto& [name, roles] : ByResource(*std::move(connections))) {
    const ConnectionInfo& first = roles.front();
    if (!IsWanted(name, first, options)) continue;
    rows.push_back({name, first.type, first.subtype.empty() ? "-" : first.subtype, AgentName(agents, first.agent_id),
                    std::to_string(roles.size())});
    auto each = nlohmann::ordered_json::array();
    for (const ConnectionInfo& role : roles) each.push_back(RoleJson(role, agents));
    list.push_back({{"name", name},
                    {"type", first.type},
                    {"subtype", first.subtype},
                    {"agent_id", first.agent_id},
                    {"roles", std::move(each)}});
    names += name + "\n";
  }
  if (options.json) {
    PrintJson(list);
  } else if (options.quiet) {
    Print(names);
  } else {
    PrintTable(rows);
  }
  return absl::OkStatus();
}

absl::Status CreateResource(ApiClient& api, const NewResourceOptions& options) {
  ResourceSpec spec{.name = options.name, .type = options.type, .subtype = options.subtype};
  for (const std::string& variable : options.env) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError("--env-var: not of the form NAME=VALUE");
    }
    const std::string name = variable.substr(0, equals);
    auto value = SecretValue("--env-var " + name, variable.substr(equals + 1));
    if (!value.ok()) return value.status();
    spec.env[name] = *std::move(value);
  }
  if (!options.agent.empty()) {
    auto agent = FindAgentId(api, options.agent);
    if (!agent.ok()) return agent.status();
    spec.agent_id = *std::move(agent);
  }
  if (const absl::Status created = api.CreateResource(spec); !created.ok()) return created;
  if (!options.json) {
    Print(fmt::format("resource {} created\n", Harmless(options.name)));
    return absl::OkStatus();
  }
  const auto json = api.GetJson("resources", "resource", options.name);
  if (json.ok()) Print(*json + "\n");
  return json.status();
}

}  // namespace hoop::cli

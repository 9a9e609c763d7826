// `hoop list` and `hoop admin`: connections and agents.
#include <fmt/format.h>

#include "api.h"
#include "commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

// The agents' names by their ids; empty where they may not be listed.
std::map<std::string, std::string> AgentNames(ApiClient& api) {
  std::map<std::string, std::string> names;
  const auto agents = api.Agents();
  if (!agents.ok()) return names;
  for (const AgentInfo& agent : *agents) names[agent.id] = agent.name;
  return names;
}

int ShowJson(ApiClient& api, const char* path) {
  const auto json = api.GetJson(path);
  if (!json.ok()) return Fail(json.status());
  return Print(*json + "\n") ? 0 : kExitBrokenPipe;
}

absl::StatusOr<std::string> AgentId(ApiClient& api, const std::string& name_or_id) {
  const auto agents = api.Agents();
  if (!agents.ok()) return agents.status();
  for (const AgentInfo& agent : *agents) {
    if (agent.name == name_or_id || agent.id == name_or_id) return agent.id;
  }
  return absl::NotFoundError(fmt::format("agent {}: not found", name_or_id));
}

}  // namespace

int RunListConnections(const Environment& environment, bool json) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  if (json) return ShowJson(**api, "/connections");
  const auto connections = (*api)->Connections();
  if (!connections.ok()) return Fail(connections.status());
  if (connections->empty()) return Print("No connections available\n") ? 0 : kExitBrokenPipe;
  const auto agents = AgentNames(**api);
  std::vector<std::vector<std::string>> rows = {{"NAME", "TYPE", "AGENT", "STATUS", "COMMAND"}};
  for (const ConnectionInfo& connection : *connections) {
    const auto agent = agents.find(connection.agent_id);
    rows.push_back({connection.name,
                    connection.subtype.empty() ? connection.type : connection.type + "/" + connection.subtype,
                    agent == agents.end() ? "-" : agent->second, connection.status,
                    Shortened(fmt::format("{}", fmt::join(connection.command, " ")), 40)});
  }
  return Print(FormatTable(rows)) ? 0 : kExitBrokenPipe;
}

int RunListAgents(const Environment& environment, bool json) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  if (json) return ShowJson(**api, "/agents");
  const auto agents = (*api)->Agents();
  if (!agents.ok()) return Fail(agents.status());
  std::vector<std::vector<std::string>> rows = {{"UID", "NAME", "MODE", "VERSION", "HOSTNAME", "PLATFORM", "STATUS"}};
  for (const AgentInfo& agent : *agents) {
    rows.push_back({agent.id, agent.name, agent.mode, agent.version, agent.hostname, agent.platform,
                    agent.status == "CONNECTED" ? "ONLINE" : "OFFLINE"});
  }
  return Print(FormatTable(rows)) ? 0 : kExitBrokenPipe;
}

int RunCreateAgent(const Environment& environment, const std::string& name, const std::string& mode) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  const auto key = (*api)->CreateAgent(name, mode);
  if (!key.ok()) return Fail(key.status());
  return Print(*key + "\n") ? 0 : kExitBrokenPipe;
}

int RunCreateConnection(const Environment& environment, const CreateConnectionOptions& options) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  NewConnection connection{.name = options.name, .command = options.command, .record = options.record};
  const size_t slash = options.type.find('/');
  connection.type = options.type.substr(0, slash);
  if (slash != std::string::npos) connection.subtype = options.type.substr(slash + 1);
  connection.overwrite = options.overwrite;
  for (const std::string& variable : options.env) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(fmt::format("-e {}: not of the form NAME=value", variable.substr(0, equals)));
    }
    const std::string name = variable.substr(0, equals);
    connection.secrets[name.find(':') == std::string::npos ? "envvar:" + name : name] = variable.substr(equals + 1);
  }
  const auto agent = AgentId(**api, options.agent);
  if (!agent.ok()) return Fail(agent.status());
  connection.agent_id = *agent;
  if (const absl::Status created = (*api)->CreateConnection(connection); !created.ok()) return Fail(created);
  return Print(fmt::format("connection {} created\n", options.name)) ? 0 : kExitBrokenPipe;
}

int RunServerInfo(const Environment& environment) {
  auto api = MakeApi(environment);
  if (!api.ok()) return Fail(api.status());
  return ShowJson(**api, "/serverinfo");
}

}  // namespace hoop::cli

// `hoop admin create plugin`: the connections of a plugin, and its variables.
#include <fmt/format.h>

#include "admin_commands.h"
#include "group_notices.h"
#include "table.h"

namespace hoop::cli {
namespace {

constexpr char kAccessControl[] = "access_control";  // its words are the groups that may use a connection

// "orders-db:dba;oncall" or a name alone.
absl::Status AddConnection(const std::string& text, const std::map<std::string, std::string>& ids, PluginSpec& spec) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto id = ids.find(name);
  if (id == ids.end()) return absl::NotFoundError(fmt::format("connection {} not found", Harmless(name)));
  std::vector<std::string>& words = spec.connections[id->second];
  std::string left = colon == std::string::npos ? "" : text.substr(colon + 1);
  while (!left.empty()) {
    const size_t end = left.find(';');
    if (const std::string word = left.substr(0, end); !word.empty()) words.push_back(word);
    left = end == std::string::npos ? "" : left.substr(end + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> ReadConfig(const PluginOptions& options) {
  std::map<std::string, std::string> variables;
  for (const std::string& pair : options.config) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError("-c: not of the form NAME=VALUE");
    }
    const std::string name = pair.substr(0, equals);
    auto value = SecretValue("-c " + name, pair.substr(equals + 1));
    if (!value.ok()) return value.status();
    variables[name] = *std::move(value);
  }
  return variables;
}

// What an overwritten plugin keeps is what was not given.
absl::StatusOr<PluginSpec> ReadSpec(ApiClient& api, const PluginOptions& options, const PluginInfo* there) {
  const auto connections = api.Connections();
  if (!connections.ok()) return connections.status();
  std::map<std::string, std::string> ids;
  for (const ConnectionInfo& connection : *connections) ids[connection.name] = connection.id;
  PluginSpec spec{.name = options.name, .source = options.source, .priority = options.priority.value_or(0)};
  if (there != nullptr) {
    if (!spec.source && !there->source.empty()) spec.source = there->source;
    if (!options.priority) spec.priority = there->priority;
    for (const auto& [name, words] : there->connections) {
      if (options.connections.empty() && ids.contains(name)) spec.connections[ids[name]] = words;
    }
  }
  for (const std::string& text : options.connections) {
    if (const absl::Status added = AddConnection(text, ids, spec); !added.ok()) return added;
  }
  return spec;
}

}  // namespace

absl::Status CreatePlugin(ApiClient& api, const PluginOptions& options) {
  const auto config = ReadConfig(options);
  if (!config.ok()) return config.status();
  const auto plugins = api.Plugins();
  if (!plugins.ok()) return plugins.status();
  const PluginInfo* there = nullptr;
  for (const PluginInfo& plugin : *plugins) {
    if (plugin.name == options.name) there = &plugin;
  }
  if (there != nullptr && !options.overwrite) {
    return absl::AlreadyExistsError(
        fmt::format("plugin {} exists already; --overwrite changes it", Harmless(options.name)));
  }
  const auto spec = ReadSpec(api, options, there);
  if (!spec.ok()) return spec.status();
  absl::Status done = there == nullptr ? api.CreatePlugin(*spec) : api.ReplacePlugin(*spec);
  if (done.ok() && !config->empty()) done = api.ConfigurePlugin(options.name, *config);
  if (!done.ok()) return done;
  if (options.name == kAccessControl) {
    std::vector<std::string> groups;
    for (const auto& [connection, words] : spec->connections) groups.insert(groups.end(), words.begin(), words.end());
    SayGroupsOfNobody(api, groups);
  }
  return SayMade(api, options.json,
                 fmt::format("plugin {} {}", Harmless(options.name), there == nullptr ? "created" : "updated"),
                 "plugins", options.name);
}

}  // namespace hoop::cli

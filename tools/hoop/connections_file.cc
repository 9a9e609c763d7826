#include "connections_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "hoop/api_objects.h"
#include "hoop/value_file.h"

namespace hoop::cli {
namespace {

constexpr size_t kFileBytesMax = 4u << 20;

// Errors carry their line as yaml-cpp's own exception; LoadConnectionsFile turns them into a Status.
class Reader {
 public:
  [[noreturn]] void Fail(const YAML::Node& where, const std::string& what) const {
    throw YAML::Exception(where.Mark(), what);
  }

  void CheckKeys(const YAML::Node& map, const std::set<std::string>& known) const {
    if (!map.IsMap()) Fail(map, "a map is expected");
    for (const auto& entry : map) {
      const auto key = entry.first.as<std::string>();
      if (!known.contains(key)) Fail(entry.first, fmt::format("unknown key \"{}\"", key));
    }
  }

  std::string Text(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar()) Fail(node, fmt::format("{}: a text is expected", key));
    return node.as<std::string>();
  }

  std::vector<std::string> List(const YAML::Node& node, const std::string& key) const {
    if (!node.IsSequence()) Fail(node, fmt::format("{}: a list is expected", key));
    std::vector<std::string> items;
    for (const YAML::Node& item : node) items.push_back(Text(item, key));
    return items;
  }

  std::map<std::string, std::string> Map(const YAML::Node& node, const std::string& key) const {
    if (!node.IsMap()) Fail(node, fmt::format("{}: a map is expected", key));
    std::map<std::string, std::string> entries;
    for (const auto& entry : node) {
      entries[entry.first.as<std::string>()] =
          Text(entry.second, fmt::format("{}.{}", key, entry.first.as<std::string>()));
    }
    return entries;
  }

  void ReadType(const YAML::Node& node, ConnectionConfig& config) const {
    const std::string text = Text(node, "type");
    const size_t slash = text.find('/');
    config.type = text.substr(0, slash);
    config.subtype = slash == std::string::npos ? "" : text.substr(slash + 1);
  }

  // The keys that may stand for the whole file and for one connection.
  void ReadShared(const YAML::Node& node, ConnectionConfig& config) const {
    if (node["agent"]) config.agent = Text(node["agent"], "agent");
    if (node["type"]) ReadType(node["type"], config);
    if (node["overwrite"]) config.overwrite = node["overwrite"].as<bool>();
    if (node["tags"]) config.tags = Map(node["tags"], "tags");
    if (node["groups"]) config.groups = List(node["groups"], "groups");
    if (node["access_modes"]) config.access_modes = List(node["access_modes"], "access_modes");
    if (node["record"]) {
      const std::string record = Text(node["record"], "record");
      if (record != "durable" && record != "buffered") Fail(node["record"], "record: durable or buffered is expected");
      config.record = record == "durable" ? RecordPolicy::kDurable : RecordPolicy::kBuffered;
    }
  }

  void ReadVariables(const YAML::Node& node, ConnectionConfig& config) const {
    for (const auto& [key, text] : Map(node, "env")) {
      const bool is_file = key.starts_with("filesystem:"), is_plain = !is_file && !key.starts_with("envvar:");
      auto value = is_file ? SecretContent("env." + key, text) : SecretValue("env." + key, text);
      if (!value.ok()) Fail(node[key], std::string(value.status().message()));
      config.secrets[is_plain ? "envvar:" + key : key] = *std::move(value);
    }
  }

  ConnectionConfig ReadConnection(const YAML::Node& node, const ConnectionConfig& defaults) const {
    CheckKeys(node,
              {"name", "agent", "type", "overwrite", "tags", "groups", "access_modes", "record", "env", "command"});
    ConnectionConfig config = defaults;
    if (!node["name"]) Fail(node, "name is missing");
    config.name = Text(node["name"], "name");
    ReadShared(node, config);
    if (config.agent.empty()) Fail(node, "agent is missing");
    if (node["command"]) config.command = List(node["command"], "command");
    if (node["env"]) ReadVariables(node["env"], config);
    return config;
  }

  std::vector<ConnectionConfig> Read(const YAML::Node& root, const std::string& agent) const {
    CheckKeys(root,
              {"agent", "type", "overwrite", "tags", "groups", "access_modes", "record", "schema", "connections"});
    if (!root["connections"] || !root["connections"].IsSequence()) Fail(root, "connections: a list is expected");
    ConnectionConfig defaults;
    defaults.agent = agent;
    ReadShared(root, defaults);
    std::vector<ConnectionConfig> configs;
    std::set<std::string> names;
    for (const YAML::Node& node : root["connections"]) {
      configs.push_back(ReadConnection(node, defaults));
      if (!names.insert(configs.back().name).second)
        Fail(node, fmt::format("name {} occurs twice", configs.back().name));
    }
    return configs;
  }
};

}  // namespace

absl::StatusOr<std::vector<ConnectionConfig>> LoadConnectionsFile(const std::string& path, const std::string& agent) {
  const auto text = ReadValueFile("connections file", path, kFileBytesMax);
  if (!text.ok()) return text.status();
  try {
    return Reader().Read(YAML::Load(*text), agent);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("{}:{}: {}", path, error.mark.line + 1, error.msg));
  }
}

}  // namespace hoop::cli

#include "connections_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "hoop/api_objects.h"
#include "hoop/value_file.h"

namespace hoop::cli {
namespace {

constexpr size_t kFileBytesMax = 4u << 20;

// What yaml-cpp says of lines that begin in another column than those they belong to.
constexpr std::string_view kMisplaced[] = {"illegal map value", "illegal map key", "illegal block entry",
                                           "end of sequence not found", "end of map not found"};

// Its words are those of a grammar.
std::string WithoutGrammar(const std::string& words) {
  if (std::find(std::begin(kMisplaced), std::end(kMisplaced), words) != std::end(kMisplaced)) {
    return "this line is indented otherwise than those it belongs to: each \"- name:\" of the list begins in one "
           "column, and each key of a connection below its \"name\"; blanks, no tabs";
  }
  return "no YAML: " + words;
}

// Errors carry their line as yaml-cpp's own exception; LoadConnectionsFile turns them into a Status.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  [[noreturn]] void Fail(const YAML::Node& where, const std::string& what) const {
    throw YAML::Exception(where.Mark(), what);
  }

  void CheckKeys(const YAML::Node& map, const std::set<std::string>& known) const {
    if (!map.IsMap()) Fail(map, fmt::format("keys with values are expected, of {}", fmt::join(known, ", ")));
    for (const auto& entry : map) {
      const auto key = entry.first.as<std::string>();
      if (known.contains(key)) continue;
      Fail(entry.first, fmt::format("unknown key \"{}\": one of {} is expected here", key, fmt::join(known, ", ")));
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
    if (config.type.empty() || (slash != std::string::npos && config.subtype.empty())) {
      Fail(node,
           fmt::format("type: \"{}\" is incomplete: TYPE or TYPE/SUBTYPE is expected, as database/postgres", text));
    }
  }

  // The keys that may stand for the whole file and for one connection.
  void ReadShared(const YAML::Node& node, DeclaredConnection& declared) const {
    ConnectionConfig& config = declared.config;
    if (node["agent"]) {
      config.agent = Text(node["agent"], "agent");
      declared.agent_place = Place(node["agent"]);
    }
    if (node["type"]) ReadType(node["type"], config);
    if (node["overwrite"] && !YAML::convert<bool>::decode(node["overwrite"], config.overwrite)) {
      Fail(node["overwrite"], "overwrite: true or false is expected");
    }
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

  DeclaredConnection ReadConnection(const YAML::Node& node, const DeclaredConnection& defaults) const {
    CheckKeys(node,
              {"name", "agent", "type", "overwrite", "tags", "groups", "access_modes", "record", "env", "command"});
    DeclaredConnection declared = defaults;
    ConnectionConfig& config = declared.config;
    declared.place = Place(node);
    if (!node["name"]) Fail(node, "name is missing");
    config.name = Text(node["name"], "name");
    ReadShared(node, declared);
    if (config.agent.empty()) Fail(node, "agent is missing");
    if (node["command"]) config.command = List(node["command"], "command");
    if (node["env"]) ReadVariables(node["env"], config);
    return declared;
  }

  std::vector<DeclaredConnection> Read(const YAML::Node& root, const std::string& agent) const {
    CheckKeys(root,
              {"agent", "type", "overwrite", "tags", "groups", "access_modes", "record", "schema", "connections"});
    const YAML::Node list = root["connections"];
    if (!list) Fail(root, "connections is missing: the list of them");
    if (!list.IsSequence()) Fail(list, "connections: a list is expected, whose entries begin with \"- name:\"");
    DeclaredConnection defaults;
    defaults.config.agent = agent;
    ReadShared(root, defaults);
    std::vector<DeclaredConnection> all;
    std::set<std::string> names;
    for (const YAML::Node& node : list) {
      const std::string& name = all.emplace_back(ReadConnection(node, defaults)).config.name;
      if (!names.insert(name).second) Fail(node, fmt::format("name {} occurs twice", name));
    }
    return all;
  }

 private:
  std::string Place(const YAML::Node& node) const { return fmt::format("{}:{}", path_, node.Mark().line + 1); }

  const std::string& path_;
};

}  // namespace

absl::StatusOr<std::vector<DeclaredConnection>> LoadConnectionsFile(const std::string& path, const std::string& agent) {
  const auto text = ReadValueFile("connections file", path, kFileBytesMax);
  if (!text.ok()) return text.status();
  try {
    return Reader(path).Read(YAML::Load(*text), agent);
  } catch (const YAML::ParserException& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: {}", path, std::max(error.mark.line + 1, 1), WithoutGrammar(error.msg)));
  } catch (const YAML::Exception& error) {
    const int line = std::max(error.mark.line + 1, 1);  // of an empty file, say, there is none
    return absl::InvalidArgumentError(fmt::format("{}:{}: {}", path, line, error.msg));
  }
}

}  // namespace hoop::cli

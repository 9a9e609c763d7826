// `hoop admin create connection | connections` and `update connection`: what is typed becomes a ConnectionSpec, checked
// as far as that can be done here.
#include "admin_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "connections_file.h"
#include "group_notices.h"
#include "table.h"

namespace hoop::cli {
namespace {

using Secrets = std::map<std::string, std::optional<std::string>>;

// What a connection of a type needs; an empty subtype stands for every other one, the order counts.
struct TypeRule {
  std::string_view type, subtype;
  std::vector<std::string_view> variables;
  bool command = false;
};

const TypeRule* FindRule(std::string_view type, std::string_view subtype) {
  static const TypeRule kRules[] = {
      {"database", "postgres", {"HOST", "USER", "PASS"}},
      {"database", "mysql", {"HOST", "USER", "PASS"}},
      {"database", "mssql", {"HOST", "USER", "PASS"}},
      {"database", "mongodb", {"CONNECTION_STRING"}},
      {"application", "tcp", {"HOST", "PORT"}},
      {"application", "httpproxy", {"REMOTE_URL"}},
      {"application", "ssh", {"HOST", "USER"}},
      {"application", "", {}, true},
      {"custom", "", {}, true},
      // Of 2024, when the type was the protocol.
      {"command-line", "", {}, true},
      {"postgres", "", {"HOST", "USER", "PASS"}},
      {"mysql", "", {"HOST", "USER", "PASS"}},
      {"mssql", "", {"HOST", "USER", "PASS"}},
      {"tcp", "", {"HOST", "PORT"}},
  };
  for (const TypeRule& rule : kRules) {
    if (rule.type == type && (rule.subtype.empty() || rule.subtype == subtype)) return &rule;
  }
  return nullptr;
}

constexpr std::string_view kTypes =
    "custom, command-line, application/tcp, application/ssh, application/httpproxy, database/postgres, database/mysql, "
    "database/mssql, database/mongodb; of 2024 also application, postgres, mysql, mssql, tcp";

absl::Status Wrong(std::string text) { return absl::InvalidArgumentError(std::move(text)); }

// `of_file`: it stands in a file of connections, else in options.
absl::Status CheckSpec(const ConnectionSpec& spec, bool of_file) {
  const std::string& type = *spec.type;
  const TypeRule* const rule = FindRule(type, *spec.subtype);
  if (rule == nullptr) {
    return Wrong(
        fmt::format("invalid connection type \"{}\": one of {}", Harmless(TypeText(type, *spec.subtype)), kTypes));
  }
  if (rule->command && spec.command->empty()) {
    return Wrong("command-line type must be at least one command: it stands behind --, as in `-- bash`");
  }
  std::vector<std::string_view> missing;
  for (const std::string_view name : rule->variables) {
    if (!spec.secrets->contains(fmt::format("envvar:{}", name))) missing.push_back(name);
  }
  if (missing.empty()) return absl::OkStatus();
  const std::string remedy = fmt::format(fmt::runtime(of_file ? "env: {{{}: VALUE}}" : "-e {}=VALUE"), missing.front());
  return Wrong(fmt::format("missing required envs [{}] for {} type: {}", fmt::join(missing, ", "),
                           TypeText(type, *spec.subtype), remedy));
}

// NAME=V, envvar:NAME=V, filesystem:NAME=V; V raw, base64://... or file://...; of 2024 also b64-envvar:NAME=V.
absl::Status AddSecret(const std::string& text, Secrets& secrets) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Wrong(fmt::format("-e {}: not of the form NAME=VALUE", Harmless(text.substr(0, equals))));
  }
  std::string name = text.substr(0, equals), value = text.substr(equals + 1);
  if (name.starts_with("b64-")) {
    name.erase(0, 4);
    value.insert(0, "base64://");
  }
  const bool is_file = name.starts_with("filesystem:");
  auto meant = is_file ? SecretContent("-e " + name, value) : SecretValue("-e " + name, value);
  if (!meant.ok()) return meant.status();
  secrets[name.find(':') == std::string::npos ? "envvar:" + name : name] = *std::move(meant);
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::string>> ReadTags(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> tags;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Wrong(fmt::format("--tags {}: not of the form KEY=VALUE", Harmless(pair)));
    }
    tags[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return tags;
}

void SetModes(const std::vector<std::string>& modes, ConnectionSpec& spec) {
  const auto has = [&modes](const char* mode) { return std::find(modes.begin(), modes.end(), mode) != modes.end(); };
  spec.exec_enabled = has("exec");
  spec.connect_enabled = has("connect");
  spec.runbooks_enabled = has("runbooks");
}

void SetType(const std::string& text, ConnectionSpec& spec) {
  const size_t slash = text.find('/');
  spec.type = text.substr(0, slash);
  spec.subtype = slash == std::string::npos ? "" : text.substr(slash + 1);
}

// The two characters \t stand for a tab: shells make it hard to type one.
std::vector<std::string> WithTabs(std::vector<std::string> command) {
  for (std::string& word : command) {
    for (size_t at = 0; (at = word.find("\\t", at)) != std::string::npos; ++at) word.replace(at, 2, "\t");
  }
  return command;
}

// What is given; the secrets apart.
absl::StatusOr<ConnectionSpec> ReadSpec(ApiClient& api, const ConnectionOptions& options) {
  ConnectionSpec spec{.record = options.record,
                      .access_schema = options.schema,
                      .jira_issue_template_id = options.jira_issue_template_id,
                      .access_groups = options.access_groups,
                      .reviewers = options.reviewers,
                      .redact_types = options.redact_types,
                      .guardrail_rules = options.guardrail_rules,
                      .resource = options.resource};
  if (options.type) SetType(*options.type, spec);
  if (!options.command.empty()) spec.command = WithTabs(options.command);
  if (options.access_modes) SetModes(*options.access_modes, spec);
  if (options.tags) {
    auto tags = ReadTags(*options.tags);
    if (!tags.ok()) return tags.status();
    spec.tags = *std::move(tags);
  }
  if (options.agent) {
    const auto agent = FindAgentId(api, *options.agent);
    if (!agent.ok()) return agent.status();
    spec.agent_id = *agent;
  }
  return spec;
}

// "created" or "updated".
absl::StatusOr<std::string> Put(ApiClient& api, const std::string& name, const ConnectionSpec& spec, bool overwrite) {
  const absl::Status created = api.CreateConnection(name, spec);
  if (created.ok()) return "created";
  if (!absl::IsAlreadyExists(created)) return created;
  if (!overwrite) {
    return absl::AlreadyExistsError(
        fmt::format("{}; --overwrite replaces it, `hoop admin update connection {}` changes a part", Text(created),
                    Harmless(name)));
  }
  if (const absl::Status replaced = api.ReplaceConnection(name, spec); !replaced.ok()) return replaced;
  return "updated";
}

// Of a file's connection; `agents` remembers what was asked.
absl::StatusOr<std::string> PutOfFile(ApiClient& api, const ConnectionConfig& config,
                                      std::map<std::string, std::string>& agents) {
  std::string& agent_id = agents[config.agent];
  if (agent_id.empty()) {
    auto found = FindAgentId(api, config.agent);
    if (!found.ok()) return found.status();
    agent_id = *std::move(found);
  }
  ConnectionSpec spec{.type = config.type,
                      .subtype = config.subtype,
                      .agent_id = agent_id,
                      .record = config.record == RecordPolicy::kDurable ? "durable" : "buffered",
                      .command = WithTabs(config.command),
                      .access_groups = config.groups,
                      .tags = config.tags,
                      .secrets = Secrets(config.secrets.begin(), config.secrets.end())};
  if (!config.access_modes.empty()) SetModes(config.access_modes, spec);
  if (const absl::Status wrong = CheckSpec(spec, true); !wrong.ok()) return wrong;
  return Put(api, NormalizedName(config.name), spec, config.overwrite);
}

}  // namespace

absl::Status CreateConnection(ApiClient& api, const ConnectionOptions& given) {
  ConnectionOptions options = given;
  options.type = given.type.value_or("custom");
  // Gateways of 2026 want all of them said.
  if (!options.access_modes) options.access_modes = {"runbooks", "exec", "connect"};
  if (!options.schema) options.schema = options.type->starts_with("database") ? "enabled" : "disabled";
  Secrets secrets;
  for (const std::string& variable : options.env) {
    if (const absl::Status wrong = AddSecret(variable, secrets); !wrong.ok()) return wrong;
  }
  ConnectionSpec checked{.command = options.command, .secrets = secrets};
  SetType(*options.type, checked);
  // What is wrong here needs no gateway to be found.
  if (const absl::Status wrong = options.skip_validation ? absl::OkStatus() : CheckSpec(checked, false); !wrong.ok()) {
    return wrong;
  }
  auto spec = ReadSpec(api, options);
  if (!spec.ok()) return spec.status();
  spec->secrets = std::move(secrets);
  if (!spec->command) spec->command.emplace();
  const std::string name = NormalizedName(options.name);
  const auto done = Put(api, name, *spec, options.overwrite);
  if (!done.ok()) return done.status();
  SayGroupsOfNobody(api, options.access_groups.value_or(std::vector<std::string>()));
  return SayMade(api, options.json, fmt::format("connection {} {}", name, *done), "connections", name);
}

absl::Status UpdateConnection(ApiClient& api, const ConnectionOptions& options) {
  auto spec = ReadSpec(api, options);
  if (!spec.ok()) return spec.status();
  if (!options.env.empty() || !options.unset.empty()) {
    const auto now = api.Connection(options.name);
    if (!now.ok()) return now.status();
    Secrets& secrets = spec->secrets.emplace();
    for (const std::string& key : now->secret_keys) secrets[key] = std::nullopt;
    for (const std::string& name : options.unset) {
      const std::string key = name.find(':') == std::string::npos ? "envvar:" + name : name;
      if (secrets.erase(key) == 0) return absl::NotFoundError(fmt::format("--unset {}: not set", Harmless(name)));
    }
    for (const std::string& variable : options.env) {
      if (const absl::Status wrong = AddSecret(variable, secrets); !wrong.ok()) return wrong;
    }
  }
  const absl::Status updated = api.UpdateConnection(options.name, *spec);
  if (!updated.ok()) return updated;
  SayGroupsOfNobody(api, options.access_groups.value_or(std::vector<std::string>()));
  Print(fmt::format("connection {} updated\n", Harmless(options.name)));
  return absl::OkStatus();
}

absl::Status CreateConnections(ApiClient& api, const ConnectionsFileOptions& options) {
  const auto declared = LoadConnectionsFile(options.file, "");
  if (!declared.ok()) return declared.status();
  std::map<std::string, std::string> agents;
  std::vector<std::string> groups;
  size_t number = 0, failed = 0;
  for (const auto& [config, place, agent_place] : *declared) {
    const std::string name = Harmless(config.name);
    const auto done = PutOfFile(api, config, agents);
    ++number;
    if (!done.ok()) {
      ++failed;
      const std::string why = Text(done.status());
      Fail(fmt::format("{}: {}{}", place, why.starts_with("connection ") ? "" : "connection " + name + ": ", why));
      continue;
    }
    Print(fmt::format("[{}/{}] connection {} {}\n", number, declared->size(), name, *done));
    if (config.groups) groups.insert(groups.end(), config.groups->begin(), config.groups->end());
  }
  SayGroupsOfNobody(api, groups);
  Print(fmt::format("done: {} succeeded, {} failed out of {} total\n", number - failed, failed, number));
  return failed == 0 ? absl::OkStatus() : SaidAlready();
}

}  // namespace hoop::cli

// `hoop admin create agent | orgkeys`, `hoop admin delete` and `hoop admin gateway-info`.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin_commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

// A gateway answers the same whether there was one or not, as real ones do.
absl::Status DeleteAgent(ApiClient& api, const std::string& name) {
  const auto agents = api.Agents();
  if (!agents.ok()) return agents.status();
  const bool is_there = std::any_of(agents->begin(), agents->end(),
                                    [&](const AgentInfo& agent) { return agent.name == name || agent.id == name; });
  if (is_there) return api.DeleteAgent(name);
  return absl::NotFoundError(fmt::format("agent {} not found; `hoop admin get agents` lists them", Harmless(name)));
}

}  // namespace

absl::Status CreateAgent(ApiClient& api, const NewAgentOptions& options) {
  const std::string name = NormalizedName(options.name);
  const auto key = api.CreateAgent(name, options.mode);
  if (absl::IsAlreadyExists(key.status())) {
    return absl::AlreadyExistsError(
        fmt::format("{}; its key was shown once: `hoop admin delete agent {}` makes room for a new one",
                    Text(key.status()), Harmless(name)));
  }
  if (key.ok()) Print((options.json ? nlohmann::json({{"token", *key}}).dump() : *key) + "\n");
  return key.status();
}

absl::Status CreateOrganizationKey(ApiClient& api, const NoOptions&) {
  auto key = api.CreateOrganizationKey();
  if (absl::IsAlreadyExists(key.status())) {
    key = api.OrganizationKey();
    if (key.ok()) {
      fmt::print(stderr,
                 "hoop: this is the key that the organization has; `hoop admin delete orgkeys` makes room for "
                 "a new one\n");
    }
  }
  if (key.ok()) Print(*key + "\n");
  return key.status();
}

absl::Status AdminDelete(ApiClient& api, const AdminDeleteOptions& options) {
  const auto object = ReadObjectName(options.resource, options.name);
  if (!object.ok()) return object.status();
  if (object->kind == "orgkeys") {
    const absl::Status deleted = api.DeleteOrganizationKey();
    if (deleted.ok()) Print("organization key deleted\n");
    return deleted;
  }
  const struct {
    std::string_view list, kind;
    absl::Status (*remove)(ApiClient& api, const std::string& name);
  } kinds[] = {
      {"agents", "agent", DeleteAgent},
      {"connections", "connection", [](ApiClient& api, const std::string& name) { return api.DeleteConnection(name); }},
      {"groups", "group", [](ApiClient& api, const std::string& name) { return api.DeleteGroup(name); }},
      {"users", "user", [](ApiClient& api, const std::string& name) { return api.DeleteUser(name); }}};
  for (const auto& [list, kind, remove] : kinds) {
    if (object->kind != list) continue;
    if (object->name.empty()) {
      return absl::InvalidArgumentError(fmt::format("which {}? `hoop admin delete {}/NAME`", kind, kind));
    }
    const absl::Status deleted = remove(api, object->name);
    if (deleted.ok()) Print(fmt::format("{} \"{}\" deleted\n", kind, Harmless(object->name)));
    return deleted;
  }
  if (object->kind == "serviceaccounts") {
    return absl::InvalidArgumentError(
        "service accounts stay for the record: `hoop admin update serviceaccount SUBJECT --disable` shuts one out");
  }
  return absl::InvalidArgumentError(fmt::format("{} cannot be deleted", object->kind));
}

int RunGatewayInfo(const Environment& environment) {
  const auto config = LoadConfig(environment);
  if (!config.ok()) return Fail(config.status());
  auto api = ApiClient::Create(*config, environment.version);
  if (!api.ok()) return Fail(api.status());
  const auto health = (*api)->Health();
  if (!health.ok()) return Fail(health.status());
  Print(fmt::format("API is running at {}, GET /api/healthz [{}]\n", config->api_url, Harmless(health->server)));
  if (health->parts.empty()) return 0;  // another gateway, which says no more
  Print(fmt::format("{} for sessions: {}\n", health->ready ? "Ready" : "Not ready", Harmless(health->parts)));
  return health->ready ? 0 : kExitError;
}

}  // namespace hoop::cli

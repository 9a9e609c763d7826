#include "identity/agent_keys.h"

#include "base/agent_dsn.h"
#include "base/ids.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/digest.h"

namespace hoop {
namespace {

constexpr std::string_view kOldTokenPrefix = "x-agt-";
constexpr size_t kKeyBytes = 32;

std::string RouteBy(std::string_view agent_id, std::string_view connection) {
  return UrlUuid(fmt::format("{}/{}", agent_id, connection));
}

absl::Status Refused() { return Unauthenticated("invalid authentication"); }

}  // namespace

std::string NewAgentKey() { return "xagt-" + RandomToken(kKeyBytes); }
std::string HashAgentKey(std::string_view key) { return Sha256Hex(key); }

std::string AgentId(std::string_view org_id, std::string_view name) {
  return UrlUuid(fmt::format("agent/{}/{}", org_id, name));
}

std::string RouteOf(const ConnectionRow& connection) {
  return connection.managed_by == kManagedByAgent ? RouteBy(connection.agent_id, connection.name) : connection.agent_id;
}

std::string RouteOf(const AgentRow& agent, std::string_view brought_connection) {
  return RouteBy(agent.id, brought_connection);
}

absl::StatusOr<AgentRow> AgentVerifier::FindByHash(std::string_view hash) {
  absl::StatusOr<AgentRow> agent = agents_.FindByKeyHash(hash);
  if (absl::IsNotFound(agent.status()) || absl::IsInvalidArgument(agent.status())) return Refused();
  if (!agent.ok()) return Unavailable("agent key: {}", StatusText(agent.status()));
  // The index found it by comparing; that a hash leaks by timing helps nobody, but it costs nothing to be sure.
  if (!EqualSecrets(agent->key_hash, hash)) return Refused();
  return agent;
}

absl::StatusOr<AgentRow> AgentVerifier::Verify(std::string_view token) {
  // Tokens of before the hashes: imported rows hold them as they are, and no hash ever begins like them.
  if (token.substr(0, kOldTokenPrefix.size()) == kOldTokenPrefix) return FindByHash(token);
  if (token.find("://") == std::string_view::npos) return Refused();
  const absl::StatusOr<AgentDsn> dsn = ParseAgentDsn(token);
  if (!dsn.ok()) return Refused();
  HOOP_ASSIGN_OR_RETURN(AgentRow agent, FindByHash(HashAgentKey(dsn->key)));
  // The old form says neither name nor mode, its hash covers all of the text.
  const bool same_name = dsn->is_old_form || dsn->name == agent.name;
  const bool same_mode = dsn->is_old_form || dsn->mode.empty() || dsn->mode == agent.mode;
  if (!same_name || !same_mode) return Unauthenticated("invalid authentication, mismatch dsn attributes");
  return agent;
}

}  // namespace hoop

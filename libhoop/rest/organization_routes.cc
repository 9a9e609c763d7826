// The organization's key, with which `hoop run` brings connections along: make, show, delete. It is the key of an agent
// that is shown nowhere else.
#include "base/agent_dsn.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/json.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

absl::StatusOr<Response> KeyAnswer(const ApiParts& parts, int status, std::string_view agent_id, std::string_view key) {
  HOOP_ASSIGN_OR_RETURN(const std::string dsn, MakeAgentDsn(parts.info.grpc_url, kOrganizationAgent, key, /*mode=*/""));
  return JsonAnswer(status, {{"id", agent_id}, {"key", dsn}});
}

absl::StatusOr<Response> CreateKey(const ApiParts& parts, const Request& request) {
  AgentRow agent;
  agent.org_id = request.identity->org_id;
  agent.name = kOrganizationAgent;
  agent.mode = kMultiConnection;
  agent.id = AgentId(agent.org_id, agent.name);
  const std::string key = NewAgentKey();
  agent.key_hash = HashAgentKey(key);
  agent.created_at = agent.updated_at = parts.clock.Now();
  const absl::Status inserted = parts.store.agents().Insert(agent, key);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("organization token already exists");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("organization key created", "by", request.identity->email);
  return KeyAnswer(parts, 201, agent.id, key);
}

absl::StatusOr<Response> ShowKey(const ApiParts& parts, const Request& request) {
  const std::string& org_id = request.identity->org_id;
  const absl::StatusOr<std::string> key = parts.store.agents().Key(org_id, kOrganizationAgent);
  if (absl::IsNotFound(key.status())) return NotFound("organization key not found");
  HOOP_RETURN_IF_ERROR(key.status());
  return KeyAnswer(parts, 200, AgentId(org_id, kOrganizationAgent), *key);
}

absl::StatusOr<Response> DeleteKey(const ApiParts& parts, const Request& request) {
  const std::string& org_id = request.identity->org_id;
  const absl::Status deleted = parts.store.agents().Delete(org_id, kOrganizationAgent);
  if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  if (deleted.ok()) {
    parts.agents.Disconnect(AgentId(org_id, kOrganizationAgent));
    parts.log.Info("organization key deleted", "by", request.identity->email);
  }
  return NoContent();
}

}  // namespace

void AddOrganizationRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"POST", "/orgs/keys", Rule::kAdmin, limits::kRestLoginBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateKey(parts, request); }});
  routes.Add({"GET", "/orgs/keys", Rule::kAuditor, 0, Lane::kShort,
              [&parts](const Request& request) { return ShowKey(parts, request); }});
  routes.Add({"DELETE", "/orgs/keys", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteKey(parts, request); }});
}

}  // namespace hoop::rest

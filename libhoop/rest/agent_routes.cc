// Agents: list, get, create (the only moment when the key is seen), delete. What embedded agents of 2024 ask.
#include "base/agent_dsn.h"
#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/json.h"
#include "rest/names.h"
#include "rest/routes.h"

namespace hoop::rest {
namespace {

std::string Said(const AgentRow& agent, const std::string& key) {
  const auto found = agent.metadata.find(key);
  return found == agent.metadata.end() ? "" : found->second;
}

Json AgentJson(const AgentRow& agent, const AgentPresence& presence) {
  return {{"id", agent.id},
          {"token", ""},
          {"name", agent.name},
          {"mode", agent.mode},
          {"status", presence.IsOnline(agent.id) ? "CONNECTED" : "DISCONNECTED"},
          {"metadata", Json(agent.metadata)},
          {"hostname", Said(agent, "hostname")},
          {"machine_id", Said(agent, "machine-id")},
          {"kernel_version", Said(agent, "kernel-version")},
          {"version", Said(agent, "version")},
          {"goversion", Said(agent, "go-version")},
          {"compiler", Said(agent, "compiler")},
          {"platform", Said(agent, "platform")}};
}

absl::StatusOr<AgentRow> FindAgent(const ApiParts& parts, const Request& request) {
  const std::string& name_or_id = request.Parameter("nameOrID");
  absl::StatusOr<AgentRow> agent = parts.store.agents().Find(request.identity->org_id, name_or_id);
  if (agent.ok() && agent->mode == kMultiConnection) return NotFound("agent not found");
  if (absl::IsNotFound(agent.status())) return NotFound("agent not found");
  return agent;
}

absl::StatusOr<Response> ListAgents(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(const std::vector<AgentRow> agents, parts.store.agents().List(request.identity->org_id));
  const std::string status = request.Query("status");
  Json list = Json::array();
  for (const AgentRow& agent : agents) {
    if (agent.mode == kMultiConnection) continue;  // organization keys: /orgs/keys
    Json item = AgentJson(agent, parts.agents);
    if (status.empty() || item["status"] == status) list.push_back(std::move(item));
  }
  return JsonAnswer(200, list);
}

absl::StatusOr<Response> CreateAgent(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  AgentRow agent;
  agent.org_id = request.identity->org_id;
  agent.name = body.RequiredText("name");
  agent.mode = body.Text("mode");
  HOOP_RETURN_IF_ERROR(body.status());
  HOOP_RETURN_IF_ERROR(CheckName(agent.name));
  if (agent.mode.empty()) agent.mode = "standard";
  if (agent.mode != "standard" && agent.mode != "embedded") {
    return InvalidArgument("unknown agent mode \"{}\"", agent.mode);
  }
  const std::string key = NewAgentKey();
  agent.id = AgentId(agent.org_id, agent.name);
  agent.key_hash = HashAgentKey(key);
  agent.created_at = agent.updated_at = parts.clock.Now();
  HOOP_ASSIGN_OR_RETURN(const std::string dsn, MakeAgentDsn(parts.info.grpc_url, agent.name, key, agent.mode));
  const absl::Status inserted = parts.store.agents().Insert(agent);
  if (absl::IsAlreadyExists(inserted)) return AlreadyExists("resource already exists");
  HOOP_RETURN_IF_ERROR(inserted);
  parts.log.Info("agent created", "agent", agent.name, "by", request.identity->email);
  return JsonAnswer(201, {{"token", dsn}});
}

absl::StatusOr<Response> DeleteAgent(const ApiParts& parts, const Request& request) {
  const absl::StatusOr<AgentRow> agent = FindAgent(parts, request);
  if (absl::IsNotFound(agent.status())) return NoContent();
  HOOP_RETURN_IF_ERROR(agent.status());
  const absl::Status deleted = parts.store.agents().Delete(agent->org_id, agent->id);
  if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  parts.agents.Disconnect(agent->id);
  parts.log.Info("agent deleted", "agent", agent->name, "by", request.identity->email);
  return NoContent();
}

// Asked every ten seconds: 200 with the address when somebody waits for this agent, else 204.
absl::StatusOr<Response> AskForSessions(const ApiParts& parts, const Request& request) {
  HOOP_ASSIGN_OR_RETURN(ObjectReader body, ObjectReader::Parse(request.body));
  const std::vector<std::string> items = body.Texts("connection_items");
  HOOP_RETURN_IF_ERROR(body.status());
  const Identity& agent = *request.identity;
  HOOP_ASSIGN_OR_RETURN(const AgentRow row, parts.store.agents().Find(agent.org_id, agent.subject));
  HOOP_ASSIGN_OR_RETURN(const bool is_awaited, parts.agents.IsAwaited(row, items));
  if (!is_awaited) return NoContent();
  return JsonAnswer(200, {{"grpc_url", parts.info.grpc_url}});
}

}  // namespace

void AddAgentRoutes(RouteTable& routes, const ApiParts& parts) {
  routes.Add({"GET", "/agents", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) { return ListAgents(parts, request); }});
  routes.Add({"POST", "/agents", Rule::kAdmin, limits::kRestBodyBytesMax, Lane::kShort,
              [&parts](const Request& request) { return CreateAgent(parts, request); }});
  routes.Add({"GET", "/agents/:nameOrID", Rule::kReader, 0, Lane::kShort,
              [&parts](const Request& request) -> absl::StatusOr<Response> {
                HOOP_ASSIGN_OR_RETURN(const AgentRow agent, FindAgent(parts, request));
                return JsonAnswer(200, AgentJson(agent, parts.agents));
              }});
  routes.Add({"DELETE", "/agents/:nameOrID", Rule::kAdmin, 0, Lane::kShort,
              [&parts](const Request& request) { return DeleteAgent(parts, request); }});
  routes.Add({"POST", "/connectionapps", Rule::kAgent, limits::kRestLoginBytesMax, Lane::kShort,
              [&parts](const Request& request) { return AskForSessions(parts, request); }});
}

}  // namespace hoop::rest

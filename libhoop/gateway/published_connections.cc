#include "gateway/published_connections.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "base/connection_types.h"
#include "base/ids.h"
#include "base/limits/session.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "identity/agent_keys.h"
#include "rest/names.h"

namespace hoop {
namespace {

constexpr char kShellType[] = "command-line";
constexpr char kShell[] = "/bin/bash";

absl::Status CheckWanted(const PreConnectRequest& wanted) {
  if (!IsConnectionType(wanted.type)) return InvalidArgument("connection type {} is none", wanted.type);
  for (const auto& [key, value] : wanted.env_vars) HOOP_RETURN_IF_ERROR(rest::CheckSecret(key, value));
  return absl::OkStatus();
}

// What the agent says of its connection, in the row. Everything else stays.
void Take(const PreConnectRequest& wanted, ConnectionRow& row) {
  row.type = wanted.type;
  row.subtype = wanted.subtype;
  row.command = wanted.command.empty() ? DefaultCommand(WireType(wanted.type, wanted.subtype)) : wanted.command;
  row.secrets = wanted.env_vars;
  row.reviewers = wanted.reviewers;
  row.redact_types = wanted.redact_types;
}

bool SaysTheSame(const ConnectionRow& a, const ConnectionRow& b) {
  const auto said = [](const ConnectionRow& row) {
    return std::tie(row.type, row.subtype, row.command, row.secrets, row.reviewers, row.redact_types);
  };
  return said(a) == said(b);
}

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

absl::StatusOr<std::string> PublishedConnections::Publish(const AgentRow& agent, const PreConnectRequest& wanted) {
  HOOP_RETURN_IF_ERROR(rest::CheckName(wanted.name));
  return Put(agent, wanted);
}

absl::StatusOr<std::string> PublishedConnections::Put(const AgentRow& agent, const PreConnectRequest& wanted) {
  if (agent.mode == "standard") {
    return InvalidArgument("agent {} is of mode standard, which brings no connections along", agent.name);
  }
  HOOP_RETURN_IF_ERROR(CheckWanted(wanted));
  ConnectionTable& connections = store_.connections();
  absl::StatusOr<ConnectionRow> known = connections.Find(agent.org_id, wanted.name);
  if (absl::IsNotFound(known.status())) {
    ConnectionRow row;
    row.org_id = agent.org_id;
    row.name = row.resource_name = wanted.name;
    row.agent_id = agent.id;
    Take(wanted, row);
    HOOP_RETURN_IF_ERROR(Insert(row));
    known = connections.Find(agent.org_id, wanted.name);
  }
  HOOP_RETURN_IF_ERROR(known.status());
  if (known->name != wanted.name || known->agent_id != agent.id || known->managed_by != kManagedByAgent) {
    return FailedPrecondition("connection {} is not being managed by this process, choose another name", wanted.name);
  }
  ConnectionRow changed = *known;
  Take(wanted, changed);
  if (!SaysTheSame(*known, changed)) {
    changed.updated_at = clock_.Now();
    if (changed.secrets != known->secrets) changed.secrets_updated_at = changed.updated_at;
    HOOP_RETURN_IF_ERROR(connections.Update(changed));
  }
  return RouteOf(changed);
}

absl::StatusOr<std::vector<std::string>> PublishedConnections::PublishItems(const AgentRow& agent,
                                                                            const std::vector<std::string>& items) {
  std::vector<std::string> routes;
  for (const std::string& item : items) {
    HOOP_RETURN_IF_ERROR(rest::CheckName(fmt::format("{}-{}", agent.name, item)));  // of the same letters as others
    const PreConnectRequest shell{.name = ItemConnectionName(agent, item), .type = kShellType, .command = {kShell}};
    HOOP_ASSIGN_OR_RETURN(routes.emplace_back(), Put(agent, shell));
  }
  return routes;
}

// Another process of this agent may be quicker: then its row counts.
absl::Status PublishedConnections::Insert(ConnectionRow row) {
  ConnectionTable& connections = store_.connections();
  HOOP_ASSIGN_OR_RETURN(
      const int64_t count,
      connections.Count(row.org_id, {.agent_id = row.agent_id, .managed_by = std::string(kManagedByAgent)}));
  if (count >= static_cast<int64_t>(limits::kPublishedConnectionsMax)) {
    return ResourceExhausted("an agent brings at most {} connections along", limits::kPublishedConnectionsMax);
  }
  row.id = NewUuid();
  row.managed_by = kManagedByAgent;
  row.schema_enabled = row.type == "database";
  row.created_at = row.updated_at = row.secrets_updated_at = clock_.Now();
  const absl::Status inserted = connections.Insert(row);
  return absl::IsAlreadyExists(inserted) ? absl::OkStatus() : inserted;
}

absl::StatusOr<std::string> PublishedConnections::RouteTo(const AgentRow& agent, std::string_view connection) {
  const auto known = store_.connections().Find(agent.org_id, connection);
  if (!known.ok() && !absl::IsNotFound(known.status())) return known.status();
  const bool is_its =
      known.ok() && known->name == connection && known->agent_id == agent.id && known->managed_by == kManagedByAgent;
  if (!is_its) return InvalidArgument("connection {} is not managed by agent {}", connection, agent.name);
  return RouteOf(*known);
}

absl::StatusOr<std::vector<std::string>> ParseConnectionItems(std::string_view text) {
  if (text.size() > limits::kConnectionItemsBytesMax) {
    return InvalidArgument("connection items: longer than {} characters", limits::kConnectionItemsBytesMax);
  }
  std::set<std::string> items;
  while (!text.empty()) {
    std::string item(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    item.erase(0, std::min(item.find_first_not_of(' '), item.size()));
    item.erase(item.find_last_not_of(' ') + 1);
    std::transform(item.begin(), item.end(), item.begin(), LowerCase);
    if (!item.empty()) items.insert(std::move(item));
  }
  return std::vector<std::string>(items.begin(), items.end());
}

std::string ItemConnectionName(const AgentRow& agent, std::string_view item) {
  return fmt::format("{}:{}", agent.name, item);
}

}  // namespace hoop

#include "store/agent_table.h"

#include <optional>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/json_column.h"
#include "store/row_reader.h"
#include "store/sealed_secrets.h"

namespace hoop {
namespace {

constexpr std::string_view kSelect =
    "select id, org_id, name, mode, key_hash, connected, metadata, created_at, updated_at from agents ";
constexpr std::string_view kInsert =
    "insert into agents (id, org_id, name, mode, key_hash, connected, metadata, created_at, updated_at, key) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ";

absl::StatusOr<AgentRow> ReadAgent(const Row& row) {
  RowReader reader(row);
  AgentRow agent;
  agent.id = reader.String();
  agent.org_id = reader.String();
  agent.name = reader.String();
  agent.mode = reader.String();
  agent.key_hash = reader.String();
  agent.connected = reader.Bool();
  agent.metadata = reader.Map();
  agent.created_at = reader.Time();
  agent.updated_at = reader.Time();
  HOOP_RETURN_IF_ERROR(Annotate(reader.status(), fmt::format("agent {}", agent.name)));
  return agent;
}

absl::Status InsertAgent(Transaction& transaction, std::string_view sql, const AgentRow& agent,
                         std::string_view sealed_key) {
  const std::string metadata = ToJson(agent.metadata);
  const absl::StatusOr<int64_t> inserted =
      transaction.Execute(sql, {agent.id, agent.org_id, agent.name, agent.mode, agent.key_hash, agent.connected,
                                metadata, agent.created_at, agent.updated_at, sealed_key});
  return Annotate(inserted.status(), fmt::format("agent {}", agent.name));
}

absl::Status RequireOne(const absl::StatusOr<int64_t>& changed, std::string_view named) {
  HOOP_RETURN_IF_ERROR(changed.status());
  return *changed == 1 ? absl::OkStatus() : NotFound("agent {}: there is none", named);
}

}  // namespace

absl::Status AgentTable::Insert(const AgentRow& agent, std::string_view key) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    if (key.empty()) return InsertAgent(transaction, kInsert, agent, "");
    HOOP_RETURN_IF_ERROR(RequireSecretsKey(transaction, box_));
    return InsertAgent(transaction, kInsert, agent, SealAgentKey(box_, agent.id, key));
  });
}

absl::Status AgentTable::Put(const AgentRow& agent) {
  const std::string sql = fmt::format(
      "{}on conflict (org_id, name) do update set mode = excluded.mode, key_hash = excluded.key_hash, "
      "key = excluded.key, updated_at = excluded.updated_at",
      kInsert);
  return database_.Write(Durability::kFull,
                         [&](Transaction& transaction) { return InsertAgent(transaction, sql, agent, ""); });
}

absl::StatusOr<AgentRow> AgentTable::FindOne(std::string_view where, absl::Span<const SqlValue> values,
                                             std::string_view named) {
  std::optional<AgentRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(fmt::format("{}{}", kSelect, where), values, [&](const Row& row) -> absl::Status {
      HOOP_ASSIGN_OR_RETURN(found, ReadAgent(row));
      return absl::OkStatus();
    });
  }));
  if (!found.has_value()) return NotFound("agent {}: there is none", named);
  return *std::move(found);
}

absl::StatusOr<AgentRow> AgentTable::Find(std::string_view org_id, std::string_view name_or_id) {
  return FindOne("where org_id = $1 and (id = $2 or name = $2) order by case when id = $2 then 0 else 1 end limit 1",
                 {org_id, name_or_id}, name_or_id);
}

absl::StatusOr<AgentRow> AgentTable::FindByKeyHash(std::string_view key_hash) {
  return FindOne("where key_hash = $1", {key_hash}, "with that key");
}

absl::StatusOr<std::string> AgentTable::Key(std::string_view org_id, std::string_view name) {
  std::string id, sealed;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select("select id, key from agents where org_id = $1 and name = $2 and key <> ''",
                              {org_id, name}, [&](const Row& row) {
                                id = row.String(0);
                                sealed = row.String(1);
                                return absl::OkStatus();
                              });
  }));
  if (sealed.empty()) return NotFound("key of agent {}: there is none to read", name);
  absl::StatusOr<std::string> key = OpenAgentKey(box_, id, sealed);
  HOOP_RETURN_IF_ERROR(Annotate(key.status(), fmt::format("key of agent {}", name)));
  return key;
}

absl::StatusOr<std::vector<AgentRow>> AgentTable::List(std::string_view org_id) {
  std::vector<AgentRow> agents;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(fmt::format("{}where org_id = $1 order by name", kSelect), {org_id},
                              [&](const Row& row) -> absl::Status {
                                HOOP_ASSIGN_OR_RETURN(agents.emplace_back(), ReadAgent(row));
                                return absl::OkStatus();
                              });
  }));
  return agents;
}

absl::Status AgentTable::Delete(std::string_view org_id, std::string_view name_or_id) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    // By id only when there is such an id: a name may look like the id of another agent.
    HOOP_ASSIGN_OR_RETURN(const int64_t deleted, transaction.Execute("delete from agents where org_id = $1 and id = $2",
                                                                     {org_id, name_or_id}));
    if (deleted == 1) return absl::OkStatus();
    return RequireOne(transaction.Execute("delete from agents where org_id = $1 and name = $2", {org_id, name_or_id}),
                      name_or_id);
  });
}

absl::Status AgentTable::SetConnected(std::string_view id, const std::map<std::string, std::string>& metadata,
                                      absl::Time now) {
  const std::string text = ToJson(metadata);
  return database_.Write(Durability::kNormal, [&](Transaction& transaction) {
    return RequireOne(transaction.Execute("update agents set connected = 1, metadata = $2, updated_at = $3 "
                                          "where id = $1",
                                          {id, text, now}),
                      id);
  });
}

absl::Status AgentTable::SetDisconnected(std::string_view id, absl::Time now) {
  return database_.Write(Durability::kNormal, [&](Transaction& transaction) {
    return RequireOne(transaction.Execute("update agents set connected = 0, updated_at = $2 where id = $1", {id, now}),
                      id);
  });
}

absl::Status AgentTable::DisconnectAll(absl::Time now) {
  return database_.Write(Durability::kNormal, [&](Transaction& transaction) {
    return transaction.Execute("update agents set connected = 0, updated_at = $1 where connected <> 0", {now}).status();
  });
}

}  // namespace hoop

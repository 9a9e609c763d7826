#include "store/connection_table.h"

#include <array>
#include <optional>

#include "base/check.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "store/connection_group_table.h"
#include "store/json_column.h"
#include "store/record_policy_text.h"
#include "store/row_reader.h"
#include "store/sealed_secrets.h"
#include "store/sql_filter.h"

namespace hoop {
namespace {

// The one list of columns: ReadConnection and ConnectionValues follow its order.
constexpr std::array<std::string_view, 29> kColumns = {"id",
                                                       "org_id",
                                                       "name",
                                                       "type",
                                                       "subtype",
                                                       "command",
                                                       "agent_id",
                                                       "secrets",
                                                       "record_policy",
                                                       "exec_enabled",
                                                       "connect_enabled",
                                                       "runbooks_enabled",
                                                       "schema_enabled",
                                                       "tags",
                                                       "connection_tags",
                                                       "reviewers",
                                                       "redact_types",
                                                       "guardrail_rules",
                                                       "force_approve_groups",
                                                       "mandatory_metadata_fields",
                                                       "attributes",
                                                       "resource_name",
                                                       "jira_issue_template_id",
                                                       "managed_by",
                                                       "access_max_duration_seconds",
                                                       "min_review_approvals",
                                                       "secrets_updated_at",
                                                       "created_at",
                                                       "updated_at"};

bool IsForGood(std::string_view column) {
  return column == "id" || column == "org_id" || column == "name" || column == "created_at";
}

std::string ColumnList() { return fmt::format("{}", fmt::join(kColumns, ", ")); }

absl::StatusOr<ConnectionRow> ReadConnection(const Row& row) {
  RowReader reader(row);
  ConnectionRow connection;
  connection.id = reader.String();
  connection.org_id = reader.String();
  connection.name = reader.String();
  connection.type = reader.String();
  connection.subtype = reader.String();
  connection.command = reader.List();
  connection.agent_id = reader.String();
  connection.secrets = reader.Map();
  HOOP_ASSIGN_OR_RETURN(connection.record_policy, RecordPolicyFromText(reader.String()));
  connection.exec_enabled = reader.Bool();
  connection.connect_enabled = reader.Bool();
  connection.runbooks_enabled = reader.Bool();
  connection.schema_enabled = reader.Bool();
  connection.tags = reader.List();
  connection.connection_tags = reader.Map();
  connection.reviewers = reader.List();
  connection.redact_types = reader.List();
  connection.guardrail_rules = reader.List();
  connection.force_approve_groups = reader.List();
  connection.mandatory_metadata_fields = reader.List();
  connection.attributes = reader.List();
  connection.resource_name = reader.String();
  connection.jira_issue_template_id = reader.String();
  connection.managed_by = reader.OptionalString();
  connection.access_max_duration_seconds = reader.OptionalInt();
  connection.min_review_approvals = reader.OptionalInt();
  connection.secrets_updated_at = reader.Time();
  connection.created_at = reader.Time();
  connection.updated_at = reader.Time();
  HOOP_RETURN_IF_ERROR(Annotate(reader.status(), fmt::format("connection {}", connection.name)));
  return connection;
}

// A row as values in the order of kColumns. Keeps the JSON texts that the values borrow, so it does not move.
class ConnectionValues final {
 public:
  ConnectionValues(const ConnectionRow& row, const SecretBox& box)
      : command_(ToJson(row.command)),
        secrets_(ToJson(SealSecrets(box, row.id, row.secrets))),
        tags_(ToJson(row.tags)),
        connection_tags_(ToJson(row.connection_tags)),
        reviewers_(ToJson(row.reviewers)),
        redact_types_(ToJson(row.redact_types)),
        guardrail_rules_(ToJson(row.guardrail_rules)),
        force_approve_groups_(ToJson(row.force_approve_groups)),
        mandatory_metadata_fields_(ToJson(row.mandatory_metadata_fields)),
        attributes_(ToJson(row.attributes)),
        values_{row.id,
                row.org_id,
                row.name,
                row.type,
                row.subtype,
                command_,
                row.agent_id,
                secrets_,
                RecordPolicyText(row.record_policy),
                row.exec_enabled,
                row.connect_enabled,
                row.runbooks_enabled,
                row.schema_enabled,
                tags_,
                connection_tags_,
                reviewers_,
                redact_types_,
                guardrail_rules_,
                force_approve_groups_,
                mandatory_metadata_fields_,
                attributes_,
                row.resource_name,
                row.jira_issue_template_id,
                row.managed_by,
                row.access_max_duration_seconds,
                row.min_review_approvals,
                row.secrets_updated_at,
                row.created_at,
                row.updated_at} {
    HOOP_CHECK(values_.size() == kColumns.size());
  }
  ConnectionValues(const ConnectionValues&) = delete;
  ConnectionValues& operator=(const ConnectionValues&) = delete;

  const std::vector<SqlValue>& all() const { return values_; }

 private:
  const std::string command_, secrets_, tags_, connection_tags_, reviewers_, redact_types_, guardrail_rules_,
      force_approve_groups_, mandatory_metadata_fields_, attributes_;
  const std::vector<SqlValue> values_;
};

std::string InsertText() {
  std::vector<std::string> parameters;
  for (size_t i = 1; i <= kColumns.size(); ++i) parameters.push_back(fmt::format("${}", i));
  return fmt::format("insert into connections ({}) values ({})", ColumnList(), fmt::join(parameters, ", "));
}

std::string ReplaceText() {
  std::vector<std::string> assignments;
  for (std::string_view column : kColumns) {
    if (!IsForGood(column)) assignments.push_back(fmt::format("{} = excluded.{}", column, column));
  }
  return fmt::format("{} on conflict (org_id, name) do update set {}", InsertText(), fmt::join(assignments, ", "));
}

absl::Status WriteRow(Transaction& transaction, const std::string& sql, const ConnectionRow& connection,
                      const SecretBox& box) {
  HOOP_RETURN_IF_ERROR(RequireSecretsKey(transaction, box));
  const ConnectionValues values(connection, box);
  return Annotate(transaction.Execute(sql, values.all()).status(), fmt::format("connection {}", connection.name));
}

// Names and values that the API lets in hold no quote: `"a":"b"` in the JSON text is that member and nothing else.
std::string JsonMember(const std::pair<std::string, std::string>& tag) {
  return fmt::format("{}:{}", ToJsonText(tag.first), ToJsonText(tag.second));
}

void AndVisible(SqlFilter& filter, const std::vector<std::string>& groups) {
  std::string condition = "(not exists (select 1 from connection_groups as g where g.connection_id = connections.id)";
  if (!groups.empty()) {
    condition +=
        " or exists (select 1 from connection_groups as g where g.connection_id = connections.id "
        "and g.group_name in ($?";
    for (size_t i = 1; i < groups.size(); ++i) condition += ", $?";
    condition += "))";
  }
  condition += ")";
  filter.And(condition, std::vector<SqlValue>(groups.begin(), groups.end()));
}

// `search` outlives the filter, which borrows it.
void Narrow(SqlFilter& filter, std::string_view org_id, const ConnectionFilter& wanted, const std::string& search) {
  filter.And("org_id = $?", {org_id});
  if (wanted.visible_to_groups.has_value()) AndVisible(filter, *wanted.visible_to_groups);
  if (!wanted.agent_id.empty()) filter.And("agent_id = $?", {wanted.agent_id});
  if (!wanted.type.empty()) filter.And("type = $?", {wanted.type});
  if (!wanted.subtype.empty()) filter.And("subtype = $?", {wanted.subtype});
  if (!wanted.managed_by.empty()) filter.And("managed_by = $?", {wanted.managed_by});
  if (!wanted.name.empty()) filter.And("name = $?", {wanted.name});
  if (!wanted.resource_name.empty()) filter.And("resource_name = $?", {wanted.resource_name});
  filter.AndOneOf("id", wanted.ids);
  for (const std::string& tag : wanted.tags) filter.AndHolds("tags", ToJsonText(tag));
  for (const std::string& attribute : wanted.attributes) filter.AndHolds("attributes", ToJsonText(attribute));
  for (const auto& tag : wanted.tags_equal) filter.AndHolds("connection_tags", JsonMember(tag));
  for (const auto& tag : wanted.tags_differ) filter.AndHolds("connection_tags", JsonMember(tag), false);
  filter.AndLike({"name", "type", "subtype"}, search);
}

std::string SearchPattern(const ConnectionFilter& wanted) {
  return wanted.search.empty() ? std::string() : fmt::format("%{}%", EscapeLike(wanted.search));
}

absl::StatusOr<std::vector<ConnectionRow>> SelectRows(Database& database, const SecretBox& box, const std::string& sql,
                                                      const std::vector<SqlValue>& values) {
  std::vector<ConnectionRow> connections;
  HOOP_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    return transaction.Select(sql, values, [&](const Row& row) -> absl::Status {
      HOOP_ASSIGN_OR_RETURN(ConnectionRow connection, ReadConnection(row));
      absl::StatusOr<Secrets> secrets = OpenSecrets(box, connection.id, connection.secrets);
      HOOP_RETURN_IF_ERROR(Annotate(secrets.status(), fmt::format("connection {}", connection.name)));
      connection.secrets = *std::move(secrets);
      connections.push_back(std::move(connection));
      return absl::OkStatus();
    });
  }));
  return connections;
}

absl::StatusOr<ConnectionRow> SelectOne(Database& database, const SecretBox& box, SqlFilter& filter,
                                        std::string_view name_or_id) {
  filter.And("(id = $? or name = $?)", {name_or_id, name_or_id});
  const std::string sql = fmt::format(
      "select {} from connections where {} order by case when id = {} then 0 else 1 "
      "end limit 1",
      ColumnList(), filter.text(), filter.Next(name_or_id));
  HOOP_ASSIGN_OR_RETURN(std::vector<ConnectionRow> found, SelectRows(database, box, sql, filter.values()));
  if (found.empty()) return NotFound("connection {}: there is none", name_or_id);
  return std::move(found.front());
}

}  // namespace

absl::Status InsertConnection(Transaction& transaction, const ConnectionRow& connection,
                              const std::vector<std::string>& groups, const SecretBox& box) {
  HOOP_RETURN_IF_ERROR(WriteRow(transaction, InsertText(), connection, box));
  return ReplaceConnectionGroups(transaction, connection.id, groups);
}

absl::Status ConnectionTable::Insert(const ConnectionRow& connection, const std::vector<std::string>& groups) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return InsertConnection(transaction, connection, groups, box_);
  });
}

absl::Status ConnectionTable::Put(const ConnectionRow& connection) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    ConnectionRow stored = connection;  // its secrets are sealed for the id that stays
    HOOP_RETURN_IF_ERROR(transaction.Select("select id from connections where org_id = $1 and name = $2",
                                            {connection.org_id, connection.name}, [&stored](const Row& row) {
                                              stored.id = row.String(0);
                                              return absl::OkStatus();
                                            }));
    return WriteRow(transaction, ReplaceText(), stored, box_);
  });
}

absl::Status ConnectionTable::Update(const ConnectionRow& connection,
                                     const std::optional<std::vector<std::string>>& groups) {
  const ConnectionValues values(connection, box_);
  std::vector<SqlValue> used = {connection.id, connection.org_id};
  std::vector<std::string> assignments;
  for (size_t i = 0; i < kColumns.size(); ++i) {
    if (IsForGood(kColumns[i])) continue;
    used.push_back(values.all()[i]);
    assignments.push_back(fmt::format("{} = ${}", kColumns[i], used.size()));
  }
  const std::string sql =
      fmt::format("update connections set {} where id = $1 and org_id = $2", fmt::join(assignments, ", "));
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(RequireSecretsKey(transaction, box_));
    const absl::StatusOr<int64_t> changed = transaction.Execute(sql, used);
    HOOP_RETURN_IF_ERROR(Annotate(changed.status(), fmt::format("connection {}", connection.name)));
    if (*changed != 1) return NotFound("connection {}: there is none", connection.name);
    return groups.has_value() ? ReplaceConnectionGroups(transaction, connection.id, *groups) : absl::OkStatus();
  });
}

absl::StatusOr<ConnectionRow> ConnectionTable::Find(std::string_view org_id, std::string_view name_or_id) {
  SqlFilter filter;
  filter.And("org_id = $?", {org_id});
  return SelectOne(database_, box_, filter, name_or_id);
}

absl::StatusOr<ConnectionRow> ConnectionTable::FindVisible(std::string_view org_id, std::string_view name_or_id,
                                                           const std::vector<std::string>& groups) {
  SqlFilter filter;
  filter.And("org_id = $?", {org_id});
  AndVisible(filter, groups);
  return SelectOne(database_, box_, filter, name_or_id);
}

absl::StatusOr<std::vector<ConnectionRow>> ConnectionTable::List(std::string_view org_id,
                                                                 const ConnectionFilter& wanted) {
  const std::string search = SearchPattern(wanted);
  SqlFilter filter;
  Narrow(filter, org_id, wanted, search);
  HOOP_RETURN_IF_ERROR(filter.status());
  std::string sql = fmt::format("select {} from connections where {} order by name", ColumnList(), filter.text());
  if (wanted.limit.has_value()) {
    sql += fmt::format(" limit {} offset {}", filter.Next(*wanted.limit), filter.Next(wanted.offset));
  }
  return SelectRows(database_, box_, sql, filter.values());
}

absl::StatusOr<int64_t> ConnectionTable::Count(std::string_view org_id, const ConnectionFilter& wanted) {
  const std::string search = SearchPattern(wanted);
  SqlFilter filter;
  Narrow(filter, org_id, wanted, search);
  HOOP_RETURN_IF_ERROR(filter.status());
  int64_t count = 0;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(fmt::format("select count(*) from connections where {}", filter.text()), filter.values(),
                              [&](const Row& row) {
                                count = row.Int(0);
                                return absl::OkStatus();
                              });
  }));
  return count;
}

absl::Status ConnectionTable::Delete(std::string_view org_id, std::string_view name) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(
        const int64_t deleted,
        transaction.Execute("delete from connections where org_id = $1 and name = $2", {org_id, name}));
    return deleted == 1 ? absl::OkStatus() : NotFound("connection {}: there is none", name);
  });
}

}  // namespace hoop

#include "store/migrations.h"

#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// A step that was ever released is never changed; what is wrong in it is put right by the next one.
struct Migration {
  int64_t version;
  std::string_view name;
  std::vector<std::string_view> statements;
};

const std::vector<Migration>& Migrations() {
  // Agents and connections are named in sessions without a reference: history stays when they go. So does
  // connections.agent_id: an agent's id follows from its name, so that a new one of that name serves again.
  static const std::vector<Migration> migrations{
      Migration{1,
                "people, resources, sessions",
                {
                    R"(create table organizations (
               id text primary key,
               name text not null unique,
               created_at bigint not null))",

                    R"(create table users (
               id text primary key,
               org_id text not null references organizations(id),
               subject text not null,
               email text not null,
               name text not null,
               picture text not null,
               slack_id text not null,
               password_hash text not null,
               status text not null check (status in ('active', 'inactive', 'invited')),
               created_at bigint not null,
               updated_at bigint not null,
               unique (org_id, subject)))",
                    "create unique index users_email on users (org_id, lower(email))",

                    R"(create table user_groups (
               org_id text not null references organizations(id),
               user_id text not null references users(id) on delete cascade,
               name text not null,
               primary key (user_id, name)))",
                    "create index user_groups_name on user_groups (org_id, name)",

                    R"(create table agents (
               id text primary key,
               org_id text not null references organizations(id),
               name text not null,
               mode text not null check (mode in ('standard', 'embedded', 'multi-connection')),
               key_hash text not null unique,
               connected smallint not null,
               metadata text not null,
               created_at bigint not null,
               updated_at bigint not null,
               unique (org_id, name)))",

                    R"(create table connections (
               id text primary key,
               org_id text not null references organizations(id),
               name text not null,
               type text not null,
               subtype text not null,
               command text not null,
               agent_id text not null,
               secrets text not null,
               record_policy text not null check (record_policy in ('durable', 'buffered')),
               exec_enabled smallint not null,
               connect_enabled smallint not null,
               runbooks_enabled smallint not null,
               schema_enabled smallint not null,
               tags text not null,
               connection_tags text not null,
               reviewers text not null,
               redact_types text not null,
               guardrail_rules text not null,
               force_approve_groups text not null,
               mandatory_metadata_fields text not null,
               attributes text not null,
               resource_name text not null,
               jira_issue_template_id text not null,
               managed_by text,
               access_max_duration_seconds bigint,
               min_review_approvals bigint,
               secrets_updated_at bigint not null,
               created_at bigint not null,
               updated_at bigint not null,
               unique (org_id, name)))",

                    R"(create table connection_groups (
               connection_id text not null references connections(id) on delete cascade,
               group_name text not null,
               primary key (connection_id, group_name)))",

                    R"(create table sessions (
               id text primary key,
               org_id text not null references organizations(id),
               user_id text not null,
               user_email text not null,
               user_name text not null,
               connection text not null,
               connection_type text not null,
               connection_subtype text not null,
               wire_type text not null,
               agent_id text not null,
               verb text not null,
               origin text not null,
               command text not null,
               client_args text not null,
               record_policy text not null check (record_policy in ('durable', 'buffered')),
               started_at bigint not null,
               status text not null check (status in ('ready', 'open', 'done')),
               ended_at bigint,
               end_reason text not null,
               exit_code bigint,
               records bigint not null,
               request_bytes bigint not null,
               reply_bytes bigint not null,
               seal text))",
                    "create index sessions_newest on sessions (org_id, started_at desc, id desc)",
                    "create index sessions_of_user on sessions (org_id, user_id, started_at desc, id desc)",
                    "create index sessions_unfinished on sessions (started_at) where status <> 'done'",

                    R"(create table record_chunks (
               session_id text not null references sessions(id) on delete cascade,
               seq bigint not null,
               instance text not null,
               lane bigint not null,
               generation text not null,
               first_lsn bigint not null,
               last_lsn bigint not null,
               records bigint not null,
               raw_bytes bigint not null,
               chain_head bytea not null,
               compression text not null,
               content bytea not null,
               primary key (session_id, seq)))",
                }},
      Migration{2,
                "service accounts, groups without members",
                {
                    // A token of before this time is not taken any more.
                    "alter table users add column password_changed_at bigint not null default 0",

                    R"(create table declared_groups (
               org_id text not null references organizations(id),
               name text not null,
               created_at bigint not null,
               primary key (org_id, name)))",

                    R"(create table service_accounts (
               id text primary key,
               org_id text not null references organizations(id),
               subject text not null,
               name text not null,
               status text not null check (status in ('active', 'inactive')),
               created_at bigint not null,
               updated_at bigint not null,
               unique (org_id, subject)))",

                    R"(create table service_account_groups (
               org_id text not null references organizations(id),
               account_id text not null references service_accounts(id) on delete cascade,
               name text not null,
               primary key (account_id, name)))",
                    "create index service_account_groups_name on service_account_groups (org_id, name)",
                }},
      Migration{3,
                "old sessions are found by their end",
                {"create index sessions_ended on sessions (ended_at) where status = 'done'"}},
      Migration{4, "organization keys", {"alter table agents add column key text not null default ''"}},
      Migration{5,
                "what administrators changed",
                {
                    // Actors are named without a reference: what they did stays when they go.
                    R"(create table admin_actions (
               id text primary key,
               org_id text not null references organizations(id),
               actor_subject text not null,
               actor_email text not null,
               actor_name text not null,
               resource_type text not null,
               action text not null,
               http_method text not null,
               http_status bigint not null,
               http_path text not null,
               client_ip text not null,
               payload text not null,
               error_message text not null,
               outcome smallint not null,
               created_at bigint not null))",
                    "create index admin_actions_newest on admin_actions (org_id, created_at desc, id desc)",
                }},
      Migration{6,
                "api keys",
                {
                    R"(create table api_keys (
               id text primary key,
               org_id text not null references organizations(id),
               name text not null,
               key_hash text not null unique,
               masked_key text not null,
               active smallint not null,
               created_by text not null,
               deactivated_by text not null,
               created_at bigint not null,
               deactivated_at bigint,
               last_used_at bigint,
               unique (org_id, name)))",

                    R"(create table api_key_groups (
               org_id text not null references organizations(id),
               key_id text not null references api_keys(id) on delete cascade,
               name text not null,
               primary key (key_id, name)))",
                    "create index api_key_groups_name on api_key_groups (org_id, name)",
                }},
      Migration{7,
                "resources",
                {
                    R"(create table resources (
               id text primary key,
               org_id text not null references organizations(id),
               name text not null,
               type text not null,
               subtype text not null,
               agent_id text not null,
               created_at bigint not null,
               updated_at bigint not null,
               unique (org_id, name)))",
                }},
      Migration{8,
                "what is said about sessions",
                {
                    "alter table sessions add column labels text not null default ''",
                    "alter table sessions add column metadata text not null default ''",
                    "alter table sessions add column connection_tags text not null default ''",
                    "alter table sessions add column batch_id text not null default ''",
                    "alter table sessions add column correlation_id text not null default ''",
                    "create index sessions_of_batch on sessions (org_id, batch_id) where batch_id <> ''",
                    "create index sessions_correlated on sessions (org_id, correlation_id) where correlation_id <> ''",
                    "create index sessions_of_connection on sessions (org_id, connection, started_at desc, id desc)",
                }},
      Migration{9,
                "the key of secrets",
                {
                    R"(create table secrets_key (
               id bigint primary key check (id = 1),
               key_id text not null,
               check_value text not null))",
                }},
      Migration{10,
                "sessions found by user",
                {
                    "create index sessions_of_email on sessions (org_id, lower(user_email))",
                    "create index sessions_of_user_text on sessions (org_id, lower(user_id))",
                }},
      Migration{
          11,
          "sessions that run, newest first",
          {
              "drop index sessions_unfinished",
              "create index sessions_unfinished on sessions (org_id, started_at desc, id desc) where status <> 'done'",
          }},
      // AdoptSecretsKey does it, which has the key; the number keeps programs away that would show what is sealed.
      Migration{12, "organization keys are sealed", {}},
      Migration{13,
                "what was flushed once",
                {
                    R"(create table journal_lanes (
               instance text not null,
               lane bigint not null,
               flushed_lsn bigint not null,
               primary key (instance, lane)))",
                }},
      Migration{14,
                "which journal a session is recorded in",
                {
                    "alter table sessions add column journal text not null default ''",
                    R"(update sessions set journal = coalesce((
               select instance from record_chunks where session_id = sessions.id order by seq desc limit 1), '')
               where status <> 'done')",
                }},
      // They may be megabytes, and are in the record.
      Migration{15, "sessions without the user's arguments", {"alter table sessions drop column client_args"}}};
  return migrations;
}

absl::StatusOr<int64_t> CurrentVersion(Transaction& transaction) {
  int64_t version = 0;
  HOOP_RETURN_IF_ERROR(
      transaction.Select("select coalesce(max(version), 0) from schema_migrations", {}, [&](const Row& row) {
        version = row.Int(0);
        return absl::OkStatus();
      }));
  return version;
}

absl::Status Apply(Transaction& transaction, const Migration& migration, absl::Time now) {
  // Asked inside the transaction: another process may have been quicker.
  HOOP_ASSIGN_OR_RETURN(const int64_t version, CurrentVersion(transaction));
  if (version >= migration.version) return absl::OkStatus();
  for (std::string_view statement : migration.statements) {
    HOOP_RETURN_IF_ERROR(transaction.Execute(statement).status());
  }
  return transaction
      .Execute("insert into schema_migrations (version, name, applied_at) values ($1, $2, $3)",
               {migration.version, migration.name, now})
      .status();
}

// `keep`: the table of versions is there afterwards.
absl::StatusOr<int64_t> OpenSchema(Database& database, bool keep) {
  int64_t version = 0;
  const absl::Status opened = database.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(transaction
                             .Execute("create table if not exists schema_migrations "
                                      "(version bigint primary key, name text not null, applied_at bigint not null)")
                             .status());
    HOOP_ASSIGN_OR_RETURN(version, CurrentVersion(transaction));
    return keep ? absl::OkStatus() : Cancelled("rolled back");
  });
  if (absl::IsPermissionDenied(opened)) {
    return FailedPrecondition("{}: its user needs a schema to make tables in: grant create on one, or own the database",
                              StatusText(opened));
  }
  if (keep || !absl::IsCancelled(opened)) HOOP_RETURN_IF_ERROR(opened);
  if (version > NewestSchemaVersion()) {
    return FailedPrecondition("database: its schema has version {}, this program knows {}: a newer program made it",
                              version, NewestSchemaVersion());
  }
  return version;
}

}  // namespace

int64_t NewestSchemaVersion() { return Migrations().back().version; }

absl::StatusOr<int64_t> TrySchema(Database& database) { return OpenSchema(database, false); }

absl::Status Migrate(Database& database, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const int64_t version, OpenSchema(database, true));
  for (const Migration& migration : Migrations()) {
    if (version >= migration.version) continue;
    const absl::Status status =
        database.Write(Durability::kFull, [&](Transaction& transaction) { return Apply(transaction, migration, now); });
    HOOP_RETURN_IF_ERROR(Annotate(status, fmt::format("schema step {} ({})", migration.version, migration.name)));
  }
  return absl::OkStatus();
}

}  // namespace hoop

#include "store/session_table.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/json_column.h"
#include "store/portable_text.h"
#include "store/record_policy_text.h"
#include "store/row_reader.h"
#include "store/sql_filter.h"

namespace hoop {
namespace {

constexpr std::string_view kColumns =
    "id, org_id, user_id, user_email, user_name, connection, connection_type, connection_subtype, wire_type, agent_id, "
    "verb, origin, command, record_policy, started_at, status, ended_at, end_reason, exit_code, records, "
    "request_bytes, reply_bytes, seal, labels, metadata, connection_tags, batch_id, correlation_id, journal";

absl::StatusOr<SessionStatus> SessionStatusFromText(std::string_view text) {
  for (SessionStatus status : {SessionStatus::kReady, SessionStatus::kOpen, SessionStatus::kDone}) {
    if (text == SessionStatusText(status)) return status;
  }
  return DataLoss("database: a session has no known status");
}

absl::StatusOr<SessionRow> ReadSession(const Row& row) {
  RowReader reader(row);
  SessionRow session;
  SessionHead& head = session.head;
  head.session_id = reader.String();
  head.org_id = reader.String();
  head.user_id = reader.String();
  head.user_email = reader.String();
  head.user_name = reader.String();
  head.connection = reader.String();
  head.connection_type = reader.String();
  head.connection_subtype = reader.String();
  head.wire_type = reader.String();
  head.agent_id = reader.String();
  head.verb = reader.String();
  head.origin = reader.String();
  head.command = reader.List();
  HOOP_ASSIGN_OR_RETURN(head.policy, RecordPolicyFromText(reader.String()));
  head.started_at = reader.Time();
  HOOP_ASSIGN_OR_RETURN(session.status, SessionStatusFromText(reader.String()));
  session.ended_at = reader.OptionalTime();
  session.end_reason = reader.String();
  session.exit_code = reader.OptionalInt();
  session.counts.records = static_cast<uint64_t>(reader.Int());
  session.counts.request_bytes = static_cast<uint64_t>(reader.Int());
  session.counts.reply_bytes = static_cast<uint64_t>(reader.Int());
  session.seal = reader.OptionalString();
  session.notes.labels = reader.Map();
  session.notes.metadata = reader.Map();
  session.notes.connection_tags = reader.Map();
  session.notes.batch_id = reader.String();
  session.notes.correlation_id = reader.String();
  session.journal = reader.String();
  HOOP_RETURN_IF_ERROR(Annotate(reader.status(), fmt::format("session {}", head.session_id)));
  return session;
}

absl::StatusOr<int64_t> InsertHead(Transaction& transaction, const SessionHead& head, const SessionNotes& notes,
                                   std::string_view journal, std::string_view on_conflict) {
  const std::string labels = ToJson(notes.labels), metadata = ToJson(notes.metadata),
                    connection_tags = ToJson(notes.connection_tags);
  const std::string command = ToJson(head.command);
  // What a client says of itself is any bytes.
  const std::string verb = PortableText(head.verb), origin = PortableText(head.origin);
  const absl::StatusOr<int64_t> inserted = transaction.Execute(
      fmt::format("insert into sessions ({}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
                  "$15, $16, null, '', null, 0, 0, 0, null, $17, $18, $19, $20, $21, $22){}",
                  kColumns, on_conflict),
      {head.session_id,
       head.org_id,
       head.user_id,
       head.user_email,
       head.user_name,
       head.connection,
       head.connection_type,
       head.connection_subtype,
       head.wire_type,
       head.agent_id,
       verb,
       origin,
       command,
       RecordPolicyText(head.policy),
       head.started_at,
       SessionStatusText(SessionStatus::kOpen),
       labels,
       metadata,
       connection_tags,
       notes.batch_id,
       notes.correlation_id,
       journal});
  if (!inserted.ok()) return Annotate(inserted.status(), fmt::format("session {}", head.session_id));
  return inserted;
}

void Narrow(SqlFilter& filter, std::string_view org_id, const SessionFilter& wanted) {
  filter.And("org_id = $?", {org_id});
  if (!wanted.owner_id.empty()) filter.And("user_id = $?", {wanted.owner_id});
  filter.AndLike({"user_id", "user_email"}, wanted.user_pattern);
  const bool is_name = wanted.connection_pattern.find('%') == std::string::npos;
  if (is_name && !wanted.connection_pattern.empty()) filter.And("connection = $?", {wanted.connection_pattern});
  if (!is_name) filter.AndLike({"connection"}, wanted.connection_pattern);
  filter.AndLike({"connection_type"}, wanted.type_pattern);
  if (!wanted.batch_id.empty()) filter.And("batch_id = $?", {wanted.batch_id});
  if (!wanted.correlation_id.empty()) filter.And("correlation_id = $?", {wanted.correlation_id});
  if (wanted.status.has_value()) {
    filter.And("status = $?", {SessionStatusText(*wanted.status)});
    if (*wanted.status != SessionStatus::kDone) filter.And("status <> 'done'");  // names the index of the few
  }
  if (wanted.started_after.has_value()) filter.And("started_at > $?", {*wanted.started_after});
  if (wanted.started_before.has_value()) filter.And("started_at < $?", {*wanted.started_before});
}

}  // namespace

std::string_view SessionStatusText(SessionStatus status) {
  switch (status) {
    case SessionStatus::kReady:
      return "ready";
    case SessionStatus::kOpen:
      return "open";
    case SessionStatus::kDone:
      return "done";
  }
  return "done";
}

absl::Status SessionTable::Insert(const SessionHead& head, const SessionNotes& notes, std::string_view journal) {
  return database_.Write(Durability::kNormal, [&](Transaction& transaction) {
    return InsertHead(transaction, head, notes, journal, "").status();
  });
}

absl::Status SessionTable::SetMetadata(std::string_view session_id,
                                       const std::map<std::string, std::string>& metadata) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t changed, transaction.Execute("update sessions set metadata = $2 where id = $1",
                                                                     {session_id, ToJson(metadata)}));
    return changed == 1 ? absl::OkStatus() : NotFound("session {}: there is none", session_id);
  });
}

absl::Status SessionTable::InsertIfAbsent(Transaction& transaction, const SessionHead& head, std::string_view journal) {
  return InsertHead(transaction, head, {}, journal, " on conflict (id) do nothing").status();
}

absl::StatusOr<SessionRow> SessionTable::Find(std::string_view session_id) {
  std::optional<SessionRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(fmt::format("select {} from sessions where id = $1", kColumns), {session_id},
                              [&](const Row& row) -> absl::Status {
                                HOOP_ASSIGN_OR_RETURN(found, ReadSession(row));
                                return absl::OkStatus();
                              });
  }));
  if (!found.has_value()) return NotFound("session {}: there is none", session_id);
  return *std::move(found);
}

absl::StatusOr<std::vector<SessionRow>> SessionTable::List(std::string_view org_id, const SessionFilter& wanted) {
  SqlFilter filter;
  Narrow(filter, org_id, wanted);
  if (wanted.older_than.has_value()) {
    filter.And("(started_at, id) < ($?, $?)", {wanted.older_than->started_at, wanted.older_than->session_id});
  }
  HOOP_RETURN_IF_ERROR(filter.status());
  const std::string limit = filter.Next(wanted.limit), offset = filter.Next(wanted.offset);
  const std::string sql =
      fmt::format("select {} from sessions where {} order by started_at desc, id desc limit {} offset {}", kColumns,
                  filter.text(), limit, offset);
  std::vector<SessionRow> sessions;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(sql, filter.values(), [&](const Row& row) -> absl::Status {
      HOOP_ASSIGN_OR_RETURN(sessions.emplace_back(), ReadSession(row));
      return absl::OkStatus();
    });
  }));
  return sessions;
}

absl::StatusOr<int64_t> SessionTable::Count(std::string_view org_id, const SessionFilter& wanted, int64_t count_max) {
  SqlFilter filter;
  Narrow(filter, org_id, wanted);
  HOOP_RETURN_IF_ERROR(filter.status());
  const std::string limit = filter.Next(count_max);
  int64_t count = 0;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(
        fmt::format("select count(*) from (select 1 from sessions where {} limit {}) as counted", filter.text(), limit),
        filter.values(), [&](const Row& row) {
          count = row.Int(0);
          return absl::OkStatus();
        });
  }));
  return count;
}

absl::StatusOr<std::vector<SessionTable::Unfinished>> SessionTable::ListUnfinished() {
  std::vector<Unfinished> sessions;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select("select id, journal from sessions where status <> 'done' order by started_at, id", {},
                              [&](const Row& row) {
                                sessions.push_back({row.String(0), row.String(1)});
                                return absl::OkStatus();
                              });
  }));
  return sessions;
}

absl::Status SessionTable::AddCounts(Transaction& transaction, std::string_view session_id, const SessionCounts& more) {
  HOOP_ASSIGN_OR_RETURN(const int64_t changed,
                        transaction.Execute("update sessions set records = records + $2, "
                                            "request_bytes = request_bytes + $3, reply_bytes = reply_bytes + $4 "
                                            "where id = $1",
                                            {session_id, more.records, more.request_bytes, more.reply_bytes}));
  return changed == 1 ? absl::OkStatus() : NotFound("session {}: there is none", session_id);
}

absl::Status SessionTable::Finish(Transaction& transaction, std::string_view session_id, absl::Time ended_at,
                                  const SessionEnd& end, const std::optional<std::string>& seal) {
  HOOP_ASSIGN_OR_RETURN(const int64_t finished,
                        transaction.Execute("update sessions set status = 'done', ended_at = $2, end_reason = $3, "
                                            "exit_code = $4, seal = $5 where id = $1 and status <> 'done'",
                                            {session_id, ended_at, PortableText(end.reason), end.exit_code, seal}));
  if (finished == 1) return absl::OkStatus();
  HOOP_ASSIGN_OR_RETURN(const int64_t kept, transaction.Execute("update sessions set seal = coalesce(seal, $2) "
                                                                "where id = $1",
                                                                {session_id, seal}));
  return kept == 1 ? absl::OkStatus() : NotFound("session {}: there is none", session_id);
}

absl::Status SessionTable::Finish(std::string_view session_id, absl::Time ended_at, const SessionEnd& end,
                                  const std::optional<std::string>& seal) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return Finish(transaction, session_id, ended_at, end, seal);
  });
}

absl::Status SessionTable::Delete(std::string_view session_id) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(const int64_t deleted,
                          transaction.Execute("delete from sessions where id = $1", {session_id}));
    return deleted == 1 ? absl::OkStatus() : NotFound("session {}: there is none", session_id);
  });
}

absl::StatusOr<SessionTable::Deleted> SessionTable::DeleteEnded(absl::Time before, int sessions_max,
                                                                int64_t chunks_max) {
  struct Old {
    std::string id;
    int64_t chunks;
  };
  Deleted deleted;
  HOOP_RETURN_IF_ERROR(database_.Write(Durability::kNormal, [&](Transaction& transaction) -> absl::Status {
    deleted = {};
    std::vector<Old> old;
    HOOP_RETURN_IF_ERROR(transaction.Select(
        "select id, (select count(*) from record_chunks where session_id = sessions.id) from sessions "
        "where status = 'done' and ended_at < $1 order by ended_at limit $2",
        {before, sessions_max}, [&old](const Row& row) {
          old.push_back({row.String(0), row.Int(1)});
          return absl::OkStatus();
        }));
    deleted.more = old.size() == static_cast<size_t>(sessions_max);
    for (const Old& session : old) {
      const int64_t room = chunks_max - deleted.chunks;
      if (session.chunks > room) {
        deleted.more = true;
        HOOP_ASSIGN_OR_RETURN(const int64_t some, transaction.Execute("delete from record_chunks where session_id = $1 "
                                                                      "and seq > $2",
                                                                      {session.id, session.chunks - room}));
        deleted.chunks += some;
        break;
      }
      HOOP_RETURN_IF_ERROR(transaction.Execute("delete from sessions where id = $1", {session.id}).status());
      deleted.chunks += session.chunks;
      ++deleted.sessions;
    }
    return absl::OkStatus();
  }));
  return deleted;
}

absl::StatusOr<SessionTable::Totals> SessionTable::Sum() {
  Totals totals;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(
        transaction.Select("select (select count(*) from sessions), (select count(*) from record_chunks), "
                           "(select min(started_at) from sessions)",
                           {}, [&totals](const Row& row) {
                             totals.sessions = row.Int(0);
                             totals.chunks = row.Int(1);
                             totals.oldest = row.OptionalTime(2);
                             return absl::OkStatus();
                           }));
    return transaction.Select(database_.size_statement(), {}, [&totals](const Row& row) {
      totals.database_bytes = static_cast<uint64_t>(row.Int(0));
      return absl::OkStatus();
    });
  }));
  return totals;
}

}  // namespace hoop

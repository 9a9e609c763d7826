#include "store/admin_action_table.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"
#include "store/sql_filter.h"

namespace hoop {
namespace {

constexpr std::string_view kColumns =
    "id, org_id, actor_subject, actor_email, actor_name, resource_type, action, http_method, http_status, http_path, "
    "client_ip, payload, error_message, outcome, created_at";

AdminActionRow ReadAction(const Row& row) {
  RowReader reader(row);
  AdminActionRow action;
  action.id = reader.String();
  action.org_id = reader.String();
  action.actor_subject = reader.String();
  action.actor_email = reader.String();
  action.actor_name = reader.String();
  action.resource_type = reader.String();
  action.action = reader.String();
  action.http_method = reader.String();
  action.http_status = static_cast<int>(reader.Int());
  action.http_path = reader.String();
  action.client_ip = reader.String();
  action.payload = reader.String();
  action.error_message = reader.String();
  action.outcome = reader.Bool();
  action.created_at = reader.Time();
  return action;
}

// `email` outlives the filter, which borrows it.
void Narrow(SqlFilter& filter, std::string_view org_id, const AdminActionFilter& wanted, const std::string& email) {
  filter.And("org_id = $?", {org_id});
  const std::pair<std::string_view, const std::string*> exact[] = {{"actor_subject = $?", &wanted.actor_subject},
                                                                   {"resource_type = $?", &wanted.resource_type},
                                                                   {"action = $?", &wanted.action},
                                                                   {"http_method = $?", &wanted.http_method},
                                                                   {"http_path = $?", &wanted.http_path},
                                                                   {"client_ip = $?", &wanted.client_ip}};
  for (const auto& [condition, value] : exact) {
    if (!value->empty()) filter.And(condition, {*value});
  }
  if (wanted.http_status.has_value()) filter.And("http_status = $?", {*wanted.http_status});
  if (wanted.outcome.has_value()) filter.And("outcome = $?", {*wanted.outcome});
  if (wanted.created_after.has_value()) filter.And("created_at > $?", {*wanted.created_after});
  if (wanted.created_before.has_value()) filter.And("created_at < $?", {*wanted.created_before});
  filter.AndLike({"actor_email"}, email);
}

std::string EmailPattern(const AdminActionFilter& wanted) {
  return wanted.actor_email.empty() ? std::string() : fmt::format("%{}%", EscapeLike(wanted.actor_email));
}

}  // namespace

absl::Status AdminActionTable::Insert(const AdminActionRow& action) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) {
    return transaction
        .Execute(fmt::format("insert into admin_actions ({}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                             "$12, $13, $14, $15)",
                             kColumns),
                 {action.id, action.org_id, action.actor_subject, action.actor_email, action.actor_name,
                  action.resource_type, action.action, action.http_method, action.http_status, action.http_path,
                  action.client_ip, action.payload, action.error_message, action.outcome, action.created_at})
        .status();
  });
}

absl::StatusOr<std::vector<AdminActionRow>> AdminActionTable::List(std::string_view org_id,
                                                                   const AdminActionFilter& wanted) {
  const std::string email = EmailPattern(wanted);
  SqlFilter filter;
  Narrow(filter, org_id, wanted, email);
  HOOP_RETURN_IF_ERROR(filter.status());
  const std::string sql =
      fmt::format("select {} from admin_actions where {} order by created_at desc, id desc limit {} offset {}",
                  kColumns, filter.text(), filter.Next(wanted.limit), filter.Next(wanted.offset));
  std::vector<AdminActionRow> actions;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(sql, filter.values(), [&](const Row& row) {
      actions.push_back(ReadAction(row));
      return absl::OkStatus();
    });
  }));
  return actions;
}

absl::StatusOr<int64_t> AdminActionTable::Count(std::string_view org_id, const AdminActionFilter& wanted) {
  const std::string email = EmailPattern(wanted);
  SqlFilter filter;
  Narrow(filter, org_id, wanted, email);
  HOOP_RETURN_IF_ERROR(filter.status());
  int64_t count = 0;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    return transaction.Select(fmt::format("select count(*) from admin_actions where {}", filter.text()),
                              filter.values(), [&](const Row& row) {
                                count = row.Int(0);
                                return absl::OkStatus();
                              });
  }));
  return count;
}

}  // namespace hoop

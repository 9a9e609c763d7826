#include "store/service_account_table.h"

#include <map>
#include <optional>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/row_reader.h"

namespace hoop {
namespace {

constexpr std::string_view kSelect =
    "select id, org_id, subject, name, status, created_at, updated_at from service_accounts ";

std::string_view AccountStatus(const ServiceAccountRow& account) { return account.active ? "active" : "inactive"; }

ServiceAccountRow ReadAccount(const Row& row) {
  RowReader reader(row);
  ServiceAccountRow account;
  account.id = reader.String();
  account.org_id = reader.String();
  account.subject = reader.String();
  account.name = reader.String();
  account.active = reader.String() == "active";
  account.created_at = reader.Time();
  account.updated_at = reader.Time();
  return account;
}

absl::Status InsertGroups(Transaction& transaction, const ServiceAccountRow& account) {
  for (const std::string& group : account.groups) {
    HOOP_RETURN_IF_ERROR(transaction
                             .Execute("insert into service_account_groups (org_id, account_id, name) "
                                      "values ($1, $2, $3) on conflict (account_id, name) do nothing",
                                      {account.org_id, account.id, group})
                             .status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ServiceAccountTable::Insert(const ServiceAccountRow& account) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    const absl::StatusOr<int64_t> inserted = transaction.Execute(
        "insert into service_accounts (id, org_id, subject, name, status, created_at, updated_at) "
        "values ($1, $2, $3, $4, $5, $6, $7)",
        {account.id, account.org_id, account.subject, account.name, AccountStatus(account), account.created_at,
         account.updated_at});
    HOOP_RETURN_IF_ERROR(Annotate(inserted.status(), fmt::format("service account {}", account.subject)));
    return InsertGroups(transaction, account);
  });
}

absl::StatusOr<ServiceAccountRow> ServiceAccountTable::FindOne(std::string_view where,
                                                               absl::Span<const SqlValue> values,
                                                               std::string_view named) {
  std::optional<ServiceAccountRow> found;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    HOOP_RETURN_IF_ERROR(transaction.Select(fmt::format("{}{}", kSelect, where), values, [&](const Row& row) {
      found = ReadAccount(row);
      return absl::OkStatus();
    }));
    if (!found.has_value()) return NotFound("service account {}: there is none", named);
    return transaction.Select("select name from service_account_groups where account_id = $1 order by name",
                              {found->id}, [&](const Row& row) {
                                found->groups.push_back(row.String(0));
                                return absl::OkStatus();
                              });
  }));
  return *std::move(found);
}

absl::StatusOr<ServiceAccountRow> ServiceAccountTable::FindById(std::string_view id) {
  return FindOne("where id = $1", {id}, id);
}

absl::StatusOr<ServiceAccountRow> ServiceAccountTable::FindBySubject(std::string_view org_id,
                                                                     std::string_view subject) {
  return FindOne("where org_id = $1 and subject = $2", {org_id, subject}, subject);
}

absl::StatusOr<std::vector<ServiceAccountRow>> ServiceAccountTable::List(std::string_view org_id) {
  std::vector<ServiceAccountRow> accounts;
  HOOP_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) -> absl::Status {
    std::map<std::string, std::vector<std::string>> groups;
    HOOP_RETURN_IF_ERROR(
        transaction.Select("select account_id, name from service_account_groups where org_id = $1 order by name",
                           {org_id}, [&](const Row& row) {
                             groups[row.String(0)].push_back(row.String(1));
                             return absl::OkStatus();
                           }));
    return transaction.Select(fmt::format("{}where org_id = $1 order by subject", kSelect), {org_id},
                              [&](const Row& row) {
                                ServiceAccountRow account = ReadAccount(row);
                                account.groups = std::move(groups[account.id]);
                                accounts.push_back(std::move(account));
                                return absl::OkStatus();
                              });
  }));
  return accounts;
}

absl::Status ServiceAccountTable::Update(const ServiceAccountRow& account) {
  return database_.Write(Durability::kFull, [&](Transaction& transaction) -> absl::Status {
    HOOP_ASSIGN_OR_RETURN(
        const int64_t changed,
        transaction.Execute("update service_accounts set name = $2, status = $3, updated_at = $4 "
                            "where id = $1 and org_id = $5",
                            {account.id, account.name, AccountStatus(account), account.updated_at, account.org_id}));
    if (changed != 1) return NotFound("service account {}: there is none", account.subject);
    HOOP_RETURN_IF_ERROR(
        transaction.Execute("delete from service_account_groups where account_id = $1", {account.id}).status());
    return InsertGroups(transaction, account);
  });
}

}  // namespace hoop

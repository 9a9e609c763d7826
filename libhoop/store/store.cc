#include "store/store.h"

#include "base/status_macros.h"
#include "store/migrations.h"
#include "store/sqlite_database.h"

namespace hoop {

Store::Store(std::unique_ptr<Database> database, OrganizationRow default_organization)
    : database_(std::move(database)),
      default_organization_(std::move(default_organization)),
      organizations_(*database_),
      users_(*database_),
      service_accounts_(*database_),
      groups_(*database_),
      agents_(*database_),
      connections_(*database_),
      connection_groups_(*database_),
      sessions_(*database_),
      record_chunks_(*database_) {}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenSqlite(const std::string& path, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, SqliteDatabase::Create(path));
  HOOP_RETURN_IF_ERROR(Migrate(*database, now));
  HOOP_ASSIGN_OR_RETURN(OrganizationRow organization, OrganizationTable(*database).EnsureDefault(now));
  return std::unique_ptr<Store>(new Store(std::move(database), std::move(organization)));
}

}  // namespace hoop

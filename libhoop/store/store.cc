#include "store/store.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/migrations.h"
#include "store/postgres_database.h"
#include "store/postgres_uri.h"
#include "store/sqlite_database.h"

namespace hoop {

Store::Store(std::unique_ptr<Database> database, std::string description, OrganizationRow default_organization)
    : database_(std::move(database)),
      description_(std::move(description)),
      default_organization_(std::move(default_organization)),
      organizations_(*database_),
      users_(*database_),
      service_accounts_(*database_),
      api_keys_(*database_),
      groups_(*database_),
      agents_(*database_),
      connections_(*database_),
      resources_(*database_),
      connection_groups_(*database_),
      sessions_(*database_),
      record_chunks_(*database_),
      admin_actions_(*database_) {}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenSqlite(const std::string& path, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, SqliteDatabase::Create(path));
  HOOP_RETURN_IF_ERROR(Migrate(*database, now));
  return Make(std::move(database), "sqlite " + path, now);
}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenPostgres(const std::string& uri, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const PostgresAddress address, ParsePostgresUri(uri));
  {
    // A step may take long on a large table, and another gateway that starts waits for it.
    constexpr PostgresTimes kAsLongAsItTakes = {absl::InfiniteDuration(), absl::InfiniteDuration()};
    const auto database = PostgresDatabase::Create(address.connection_text, kAsLongAsItTakes);
    HOOP_RETURN_IF_ERROR(Annotate(database.status(), "POSTGRES_DB_URI"));
    HOOP_RETURN_IF_ERROR(Migrate(**database, now));
  }
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, PostgresDatabase::Create(address.connection_text));
  return Make(std::move(database), "postgres " + address.description, now);
}

absl::StatusOr<std::unique_ptr<Store>> Store::Make(std::unique_ptr<Database> database, std::string description,
                                                   absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(OrganizationRow organization, OrganizationTable(*database).EnsureDefault(now));
  return std::unique_ptr<Store>(new Store(std::move(database), std::move(description), std::move(organization)));
}

absl::Status Store::Check() {
  return database_->Read([](Transaction& transaction) {
    return transaction.Select("select 1", {}, [](const Row&) { return absl::OkStatus(); });
  });
}

}  // namespace hoop

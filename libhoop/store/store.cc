#include "store/store.h"

#include "base/status.h"
#include "base/status_macros.h"
#include "store/migrations.h"
#include "store/postgres_database.h"
#include "store/postgres_uri.h"
#include "store/sealed_secrets.h"
#include "store/sqlite_database.h"

namespace hoop {
namespace {

// With a schema that is up to date.
struct OpenedDatabase {
  std::unique_ptr<Database> database;
  std::string description;
};

absl::StatusOr<OpenedDatabase> OpenSqlite(const std::string& path, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, SqliteDatabase::Create(path));
  HOOP_RETURN_IF_ERROR(Migrate(*database, now));
  return OpenedDatabase{std::move(database), "sqlite " + path};
}

absl::StatusOr<OpenedDatabase> OpenPostgres(const std::string& uri, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const PostgresAddress address, ParsePostgresUri(uri));
  {
    // A step may take long on a large table, and another gateway that starts waits for it.
    constexpr PostgresTimes kAsLongAsItTakes = {absl::InfiniteDuration(), absl::InfiniteDuration()};
    const auto database = PostgresDatabase::Create(address.connection_text, kAsLongAsItTakes);
    HOOP_RETURN_IF_ERROR(Annotate(database.status(), "POSTGRES_DB_URI"));
    HOOP_RETURN_IF_ERROR(Migrate(**database, now));
  }
  HOOP_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, PostgresDatabase::Create(address.connection_text));
  return OpenedDatabase{std::move(database), "postgres " + address.description};
}

absl::StatusOr<OpenedDatabase> OpenDatabase(const StoreAddress& address, absl::Time now) {
  return address.postgres_uri.empty() ? OpenSqlite(address.sqlite_path, now) : OpenPostgres(address.postgres_uri, now);
}

}  // namespace

Store::Store(std::unique_ptr<Database> database, std::unique_ptr<SecretBox> box, std::string description,
             OrganizationRow default_organization)
    : database_(std::move(database)),
      box_(std::move(box)),
      description_(std::move(description)),
      default_organization_(std::move(default_organization)),
      organizations_(*database_),
      users_(*database_),
      service_accounts_(*database_),
      api_keys_(*database_),
      groups_(*database_),
      agents_(*database_, *box_),
      connections_(*database_, *box_),
      resources_(*database_, *box_),
      connection_groups_(*database_),
      sessions_(*database_),
      record_chunks_(*database_),
      admin_actions_(*database_) {}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreAddress& address, std::unique_ptr<SecretBox> box,
                                                   absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(OpenedDatabase opened, OpenDatabase(address, now));
  HOOP_RETURN_IF_ERROR(AdoptSecretsKey(*opened.database, *box));
  HOOP_ASSIGN_OR_RETURN(OrganizationRow organization, OrganizationTable(*opened.database).EnsureDefault(now));
  return std::unique_ptr<Store>(
      new Store(std::move(opened.database), std::move(box), std::move(opened.description), std::move(organization)));
}

absl::StatusOr<int64_t> Store::Reencrypt(const StoreAddress& address, const SecretBox& from, const SecretBox& to,
                                         absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const OpenedDatabase opened, OpenDatabase(address, now));
  return ReencryptSecrets(*opened.database, from, to);
}

absl::Status Store::Check() {
  return database_->Read([](Transaction& transaction) {
    return transaction.Select("select 1", {}, [](const Row&) { return absl::OkStatus(); });
  });
}

}  // namespace hoop

#include "store/store_look.h"

#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/status.h"
#include "base/status_macros.h"
#include "store/migrations.h"
#include "store/postgres_database.h"
#include "store/postgres_uri.h"
#include "store/sealed_secrets.h"
#include "store/sqlite_database.h"

namespace hoop {
namespace {

std::string SchemaState(int64_t version) {
  if (version == 0) return "is empty, the start makes its tables";
  if (version == NewestSchemaVersion()) return fmt::format("schema {}, up to date", version);
  return fmt::format("schema {}, the start brings it to {}", version, NewestSchemaVersion());
}

}  // namespace

absl::StatusOr<std::string> LookAtStore(const StoreAddress& address, const SecretBox* box) {
  std::unique_ptr<Database> database;
  std::string description = "sqlite " + address.sqlite_path;
  if (!address.postgres_uri.empty()) {
    HOOP_ASSIGN_OR_RETURN(const PostgresAddress postgres, ParsePostgresUri(address.postgres_uri));
    description = "postgres " + postgres.description;
    auto opened = PostgresDatabase::Create(postgres.connection_text);
    HOOP_RETURN_IF_ERROR(Annotate(opened.status(), "POSTGRES_DB_URI"));
    database = *std::move(opened);
  } else if (::access(address.sqlite_path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return description + ": the start makes it";
  } else {
    HOOP_ASSIGN_OR_RETURN(database, SqliteDatabase::Create(address.sqlite_path));
  }
  HOOP_ASSIGN_OR_RETURN(const int64_t version, TrySchema(*database));
  if (version >= kSecretsKeySchema) HOOP_RETURN_IF_ERROR(TrySecretsKey(*database, box));
  return fmt::format("{}: {}", description, SchemaState(version));
}

}  // namespace hoop

// Where a test's data lie: a SQLite file, or a schema of the Postgres that tests/store/on_postgres.sh started. The same
// tests run on both.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/status_macros.h"
#include "store/postgres_database.h"
#include "store/postgres_uri.h"
#include "store/sqlite_database.h"
#include "store/store.h"
#include "tests/support/temp_folder.h"

namespace hoop::testing {

// Of a server and a user that may do everything, as keyword=value; empty: the tests run on SQLite.
inline std::string PostgresServer() {
  const char* server = std::getenv("HOOP_TEST_POSTGRES");
  return server == nullptr ? "" : server;
}

inline constexpr std::string_view kSecretsKey = "a key of 32 bytes, for tests ...";

inline absl::Status RunOnPostgres(const std::string& server, std::string_view sql) {
  HOOP_ASSIGN_OR_RETURN(const PostgresAddress address, ParsePostgresUri(server));
  HOOP_ASSIGN_OR_RETURN(const auto database, PostgresDatabase::Create(address.connection_text));
  return database->Write(Durability::kNormal,
                         [sql](Transaction& transaction) { return transaction.Execute(sql).status(); });
}

// A test without its database is over; what the database said tells why.
inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "the database of this test: %s\n", status.ToString().c_str());
  std::abort();
}

// Gone when the test ends.
class TempDatabase final {
 public:
  TempDatabase() {
    if (!on_postgres()) return;
    static std::atomic<int> number = 0;
    schema_ = fmt::format("test_{}_{}", ::getpid(), ++number);
    Must(RunOnPostgres(PostgresServer(), "create schema " + schema_));
  }
  ~TempDatabase() {
    if (on_postgres()) (void)RunOnPostgres(PostgresServer(), "drop schema " + schema_ + " cascade");
  }
  TempDatabase(const TempDatabase&) = delete;
  TempDatabase& operator=(const TempDatabase&) = delete;

  static bool on_postgres() { return !PostgresServer().empty(); }

  std::string path() const { return folder_.file("hoop.db"); }
  std::string uri() const { return fmt::format("{} options='-csearch_path={}'", PostgresServer(), schema_); }

  StoreAddress address() const { return {path(), on_postgres() ? uri() : ""}; }

  // One more handle on the data. `key`: of the secrets in it.
  absl::StatusOr<std::unique_ptr<Store>> OpenStore(absl::Time now, std::string_view key = kSecretsKey) const {
    HOOP_ASSIGN_OR_RETURN(std::unique_ptr<SecretBox> box, SecretBox::Create(key));
    return Store::Open(address(), std::move(box), now);
  }
  // `wait`: for a writer of another process.
  absl::StatusOr<std::unique_ptr<Database>> Open(absl::Duration wait) const {
    if (!on_postgres()) return SqliteDatabase::Create(path(), wait);
    HOOP_ASSIGN_OR_RETURN(const PostgresAddress address, ParsePostgresUri(uri()));
    return PostgresDatabase::Create(address.connection_text, {limits::kStoreStatementTime, wait});
  }

 private:
  TempFolder folder_;
  std::string schema_;
};

}  // namespace hoop::testing

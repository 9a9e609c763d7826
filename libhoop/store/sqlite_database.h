// Database on SQLite: one writing connection, a few reading ones beside it (write-ahead log).
// Made by the gateway (store/store.h); stands on sqlite_connection.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/limits/store.h"
#include "store/connection_pool.h"
#include "store/database.h"
#include "store/sqlite_connection.h"

namespace hoop {

// Owned by Store. No lock is held while a transaction works, a connection is taken out of its pool instead.
class SqliteDatabase final : public Database {
 public:
  // Opens the file, makes it when it is not there (0600, it holds secrets). The folder exists. `busy_time`: how long a
  // transaction waits for one of another process before it is Unavailable.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Create(const std::string& path,
                                                                absl::Duration busy_time = limits::kStoreBusyTime);

  absl::Status Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) override;
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override;
  std::string_view size_statement() const override {
    return "select page_count * page_size from pragma_page_count(), pragma_page_size()";
  }

 private:
  SqliteDatabase(std::vector<std::unique_ptr<SqliteConnection>> writer,
                 std::vector<std::unique_ptr<SqliteConnection>> readers)
      : writer_(std::move(writer)), readers_(std::move(readers)) {}

  ConnectionPool<SqliteConnection> writer_;  // holds one
  ConnectionPool<SqliteConnection> readers_;
};

}  // namespace hoop

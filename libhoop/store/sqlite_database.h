// Database on SQLite: one writing connection, a few reading ones beside it (write-ahead log).
// Made by the gateway (store/store.h); stands on sqlite_connection.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/limits/store.h"
#include "store/database.h"
#include "store/sqlite_connection.h"

namespace hoop {

// Connections that threads take in turn. Any thread; Take waits until one is free.
class SqlitePool final {
 public:
  explicit SqlitePool(std::vector<std::unique_ptr<SqliteConnection>> connections) : free_(std::move(connections)) {}

  std::unique_ptr<SqliteConnection> Take();
  void GiveBack(std::unique_ptr<SqliteConnection> connection);

 private:
  bool HasFree() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !free_.empty(); }

  absl::Mutex mu_;
  std::vector<std::unique_ptr<SqliteConnection>> free_ ABSL_GUARDED_BY(mu_);
};

// Owned by Store. No lock is held while a transaction works, a connection is taken out of its pool instead.
class SqliteDatabase final : public Database {
 public:
  // Opens the file, makes it when it is not there (0600, it holds secrets). The folder exists. `busy_time`: how long a
  // transaction waits for one of another process before it is Unavailable.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Create(const std::string& path,
                                                                absl::Duration busy_time = limits::kStoreBusyTime);

  absl::Status Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) override;
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override;

 private:
  SqliteDatabase(std::vector<std::unique_ptr<SqliteConnection>> writer,
                 std::vector<std::unique_ptr<SqliteConnection>> readers)
      : writer_(std::move(writer)), readers_(std::move(readers)) {}

  SqlitePool writer_;  // holds one
  SqlitePool readers_;
};

}  // namespace hoop

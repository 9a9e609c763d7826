// Database on PostgreSQL: one writing connection, a few reading ones beside it, opened when they are needed.
// Made by Store; stands on postgres_connection.h.
#pragma once

#include <memory>
#include <string>

#include "base/limits/store.h"
#include "store/connection_pool.h"
#include "store/database.h"
#include "store/postgres_connection.h"

namespace hoop {

// Owned by Store. The server may go and come back: a transaction that begins on a connection which was lost meanwhile
// gets a new one, once; one that had begun is Unavailable and never repeated here, for nobody knows how far it came.
// Writers of all gateways on one schema follow one another.
class PostgresDatabase final : public Database {
 public:
  static constexpr PostgresTimes kUsualTimes = {limits::kStoreStatementTime, limits::kStoreBusyTime};

  // Connects once, to say what is wrong. `connection_text` is of ParsePostgresUri.
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Create(const std::string& connection_text,
                                                                  const PostgresTimes& times = kUsualTimes);

  absl::Status Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) override;
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override;
  std::string_view size_statement() const override { return "select pg_database_size(current_database())"; }

 private:
  using Pool = ConnectionPool<PostgresConnection>;
  class Lease;

  PostgresDatabase(std::string connection_text, const PostgresTimes& times,
                   std::unique_ptr<PostgresConnection> connection);

  absl::Status Run(Pool& pool, absl::FunctionRef<absl::Status(PostgresConnection&)> begin,
                   absl::FunctionRef<absl::Status(Transaction&)> work);

  const std::string connection_text_;
  const PostgresTimes times_;
  Pool writer_;  // holds one
  Pool readers_;
};

}  // namespace hoop

// One connection to PostgreSQL with its prepared statements: the only place that calls libpqxx, and where its
// exceptions end. Used by PostgresDatabase, by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "store/database.h"

namespace hoop {

// How long the server lets us wait; infinite: as long as it takes.
struct PostgresTimes {
  absl::Duration statement;
  absl::Duration lock;  // for another writer
};

// Owned by a ConnectionPool, or by the thread that took it out. Ends by closing the connection. One that was lost
// stays lost: nothing of a transaction is ever repeated here.
class PostgresConnection final : public Transaction {
 public:
  // Unavailable: the server does not answer or does not let us in. FailedPrecondition: what it has does not fit.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const std::string& connection_text,
                                                                  const PostgresTimes& times);
  ~PostgresConnection() override;
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // A writer waits until the one before it, of any gateway on this schema, is done.
  absl::Status BeginWrite(Durability durability);
  absl::Status BeginRead();
  absl::Status Commit();
  void Rollback();

  // False: the connection is of no use any more.
  bool alive() const { return alive_; }

  absl::StatusOr<int64_t> Execute(std::string_view sql, absl::Span<const SqlValue> values = {}) override;
  absl::Status Select(std::string_view sql, absl::Span<const SqlValue> values,
                      absl::FunctionRef<absl::Status(const Row&)> visit) override;

 private:
  struct Session;  // of libpqxx
  explicit PostgresConnection(std::unique_ptr<Session> session);

  absl::Status Configure(const PostgresTimes& times);
  // Keeps the first error of a transaction, as the server does.
  absl::Status Guarded(std::string_view sql, absl::FunctionRef<void()> work);
  absl::Status CheckValues(absl::Span<const SqlValue> values) const;

  const std::unique_ptr<Session> session_;
  bool alive_ = true;
  bool writes_ = false;  // the transaction that runs
  bool visiting_ = false;
  absl::Status failed_;  // of a statement: the transaction is then good for nothing but a rollback
};

}  // namespace hoop

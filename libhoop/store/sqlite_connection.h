// One open handle of SQLite with its prepared statements: the only place that calls the library.
// Used by SqliteDatabase, by one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "store/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hoop {

// Owned by a ConnectionPool, or by the thread that took it out. Ends by closing the file.
class SqliteConnection final : public Transaction {
 public:
  enum class Role { kWriter, kReader };

  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Role role,
                                                                absl::Duration busy_time);
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Takes effect with the next Begin.
  absl::Status SetDurability(Durability durability);

  absl::Status Begin();
  absl::Status Commit();
  void Rollback();

  absl::StatusOr<int64_t> Execute(std::string_view sql, absl::Span<const SqlValue> values = {}) override;
  absl::Status Select(std::string_view sql, absl::Span<const SqlValue> values,
                      absl::FunctionRef<absl::Status(const Row&)> visit) override;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
    void operator()(sqlite3_stmt* statement) const;
  };
  using Handle = std::unique_ptr<sqlite3, Closer>;
  using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

  SqliteConnection(Handle handle, Role role);

  absl::Status Configure(absl::Duration busy_time);
  absl::StatusOr<sqlite3_stmt*> Prepare(std::string_view sql, absl::Span<const SqlValue> values);
  absl::Status Fail(std::string_view sql);

  const Role role_;
  const Handle handle_;
  std::map<std::string, Statement, std::less<>> statements_;  // after handle_: finalized before it closes
  Durability durability_ = Durability::kNormal;
  absl::Status failed_;  // of a statement: as in PostgreSQL, the transaction is then good for nothing but a rollback
  bool visiting_ = false;
};

}  // namespace hoop

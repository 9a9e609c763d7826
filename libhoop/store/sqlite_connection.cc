#include "store/sqlite_connection.h"

#include <sqlite3.h>

#include <charconv>

#include "base/check.h"
#include "base/limits/store.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "store/portable_text.h"

namespace hoop {
namespace {

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Text(int column) const override {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text == nullptr ? std::string_view()
                           : std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }
  std::string_view Bytes(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes == nullptr ? std::string_view()
                            : std::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_;
};

// Gives a cached statement back: its lock and the borrowed parameters must not outlive the call.
class StatementUse final {
 public:
  explicit StatementUse(sqlite3_stmt* statement) : statement_(statement) {}
  ~StatementUse() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

 private:
  sqlite3_stmt* statement_;
};

// 7 for "$7"; 0 for another name.
size_t ParameterNumber(const char* name) {
  const std::string_view text = name == nullptr ? std::string_view() : name;
  size_t number = 0;
  if (text.size() < 2 || text[0] != '$') return 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

int Bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  const auto& content = value.content();
  if (const auto* number = std::get_if<int64_t>(&content)) return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<SqlValue::Text>(&content)) {
    // A null pointer would bind NULL, an empty view may have one.
    const char* begin = text->value.empty() ? "" : text->value.data();
    return sqlite3_bind_text64(statement, index, begin, text->value.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* bytes = std::get_if<SqlValue::Bytes>(&content)) {
    const char* begin = bytes->value.empty() ? "" : bytes->value.data();
    return sqlite3_bind_blob64(statement, index, begin, bytes->value.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
      return absl::StatusCode::kAlreadyExists;
    default:
      break;
  }
  switch (error & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_READONLY:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
      return absl::StatusCode::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

void SqliteConnection::Closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
void SqliteConnection::Closer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqliteConnection::SqliteConnection(Handle handle, Role role) : role_(role), handle_(std::move(handle)) {}
SqliteConnection::~SqliteConnection() = default;

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Role role,
                                                                         absl::Duration busy_time) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle handle(raw);  // there also after an error
  if (code != SQLITE_OK) return StatusF(CodeOf(code), "database {}: {}", path, sqlite3_errstr(code));
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(handle), role));
  if (absl::Status status = connection->Configure(busy_time); !status.ok()) {
    return Annotate(status, fmt::format("database {}", path));
  }
  return connection;
}

absl::Status SqliteConnection::Configure(absl::Duration busy_time) {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(absl::ToInt64Milliseconds(busy_time)));
  // Text in double quotes would be a string where it names no column; and the file is data, not programs.
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);

  std::string journal_mode;
  HOOP_RETURN_IF_ERROR(Select("pragma journal_mode = wal", {}, [&](const Row& row) {
    journal_mode = row.String(0);
    return absl::OkStatus();
  }));
  if (journal_mode != "wal") return FailedPrecondition("its file system keeps no write-ahead log");
  const std::string journal_limit = fmt::format("pragma journal_size_limit = {}", limits::kStoreLogBytesMax);
  const std::string cache = fmt::format("pragma cache_size = -{}", limits::kStoreCacheBytes / limits::kKiB);
  for (const std::string_view pragma :
       {std::string_view("pragma foreign_keys = on"), std::string_view("pragma synchronous = normal"),
        std::string_view("pragma temp_store = memory"), std::string_view(journal_limit), std::string_view(cache),
        role_ == Role::kReader ? std::string_view("pragma query_only = on") : std::string_view()}) {
    if (!pragma.empty()) HOOP_RETURN_IF_ERROR(Execute(pragma).status());
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::SetDurability(Durability durability) {
  if (durability == durability_) return absl::OkStatus();
  const bool full = durability == Durability::kFull;
  HOOP_RETURN_IF_ERROR(Execute(full ? "pragma synchronous = full" : "pragma synchronous = normal").status());
  durability_ = durability;
  return absl::OkStatus();
}

absl::Status SqliteConnection::Begin() {
  failed_ = absl::OkStatus();
  // A writer takes the lock at once: a transaction that began by reading could not get it later.
  return Execute(role_ == Role::kWriter ? "begin immediate" : "begin").status();
}

absl::Status SqliteConnection::Commit() {
  HOOP_RETURN_IF_ERROR(failed_);
  return Execute("commit").status();
}

void SqliteConnection::Rollback() {
  failed_ = absl::OkStatus();
  // Some errors (a full disk) have rolled back already.
  if (sqlite3_get_autocommit(handle_.get()) == 0) (void)Execute("rollback");
  failed_ = absl::OkStatus();
}

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql, absl::Span<const SqlValue> values) {
  HOOP_CHECK(!visiting_);  // a visitor must not run statements: neither engine could on the same connection
  HOOP_RETURN_IF_ERROR(failed_);
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (code != SQLITE_OK) return Fail(sql);
    if (statements_.size() >= limits::kStoreStatementsMax) statements_.clear();
    found = statements_.emplace(std::string(sql), std::move(statement)).first;
  }
  sqlite3_stmt* statement = found->second.get();
  // SQLite takes $1 for a name and numbers names as they appear, and $1::text for another name, silently null.
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size())) {
    return Internal("database: {} values for the parameters of: {}", values.size(), sql);
  }
  for (int index = 1; index <= static_cast<int>(values.size()); ++index) {
    const size_t number = ParameterNumber(sqlite3_bind_parameter_name(statement, index));
    if (number < 1 || number > values.size()) return Internal("database: a parameter is not $1 to $n in: {}", sql);
    const SqlValue& value = values[number - 1];
    const auto* text = std::get_if<SqlValue::Text>(&value.content());
    if (text != nullptr && !IsPortableText(text->value)) {
      failed_ = InvalidArgument("database: parameter ${} is not UTF-8 text or holds a NUL", number);
      return failed_;
    }
    if (Bind(statement, index, value) != SQLITE_OK) return Fail(sql);
  }
  return statement;
}

absl::StatusOr<int64_t> SqliteConnection::Execute(std::string_view sql, absl::Span<const SqlValue> values) {
  HOOP_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql, values));
  StatementUse use(statement);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return Fail(sql);
  return sqlite3_changes64(handle_.get());
}

absl::Status SqliteConnection::Select(std::string_view sql, absl::Span<const SqlValue> values,
                                      absl::FunctionRef<absl::Status(const Row&)> visit) {
  HOOP_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql, values));
  StatementUse use(statement);
  const SqliteRow row(statement);
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return absl::OkStatus();
    if (code != SQLITE_ROW) return Fail(sql);
    visiting_ = true;
    const absl::Status status = visit(row);
    visiting_ = false;
    HOOP_RETURN_IF_ERROR(status);
  }
}

absl::Status SqliteConnection::Fail(std::string_view sql) {
  // The library's text names tables and columns, never values.
  failed_ = StatusF(CodeOf(sqlite3_extended_errcode(handle_.get())), "database: {} ({})", sqlite3_errmsg(handle_.get()),
                    sql.substr(0, sql.find_first_of("(\n")));
  return failed_;
}

}  // namespace hoop

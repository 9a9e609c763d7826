#include "store/postgres_connection.h"

#include <charconv>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <vector>

#include "base/check.h"
#include "base/limits/store.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "store/portable_text.h"

namespace hoop {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// A parameter as text; absent: null.
using Parameter = std::optional<std::string>;

// bytea in its text form: libpqxx passes lists of parameters as text only.
std::string HexBytes(std::string_view bytes) {
  std::string text(2 + 2 * bytes.size(), '\\');
  text[1] = 'x';
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text[2 + 2 * i] = kHexDigits[byte >> 4];
    text[3 + 2 * i] = kHexDigits[byte & 15];
  }
  return text;
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string BytesOfHex(std::string_view text) {
  std::string bytes;
  if (!text.starts_with("\\x")) return bytes;
  bytes.resize((text.size() - 2) / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(HexDigit(text[2 + 2 * i]) << 4 | HexDigit(text[3 + 2 * i]));
  }
  return bytes;
}

Parameter MakeParameter(const SqlValue& value) {
  const auto& content = value.content();
  if (const auto* number = std::get_if<int64_t>(&content)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<SqlValue::Text>(&content)) return std::string(text->value);
  if (const auto* bytes = std::get_if<SqlValue::Bytes>(&content)) return HexBytes(bytes->value);
  return std::nullopt;
}

std::vector<Parameter> MakeParameters(absl::Span<const SqlValue> values) {
  std::vector<Parameter> parameters;
  for (const SqlValue& value : values) parameters.push_back(MakeParameter(value));
  return parameters;
}

class PostgresRow final : public Row {
 public:
  explicit PostgresRow(const pqxx::row& row) : row_(row), bytes_(row.size()) {}

  bool IsNull(int column) const override { return row_[column].is_null(); }
  int64_t Int(int column) const override {
    const std::string_view text = Text(column);
    if (text == "t") return 1;  // a condition; false is 0 as everything that is no number
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
  std::string_view Text(int column) const override {
    const pqxx::field field = row_[column];
    return field.is_null() ? std::string_view() : std::string_view(field.c_str(), field.size());
  }
  std::string_view Bytes(int column) const override {
    std::string& bytes = bytes_[static_cast<size_t>(column)];
    if (bytes.empty()) bytes = BytesOfHex(Text(column));
    return bytes;
  }

 private:
  const pqxx::row& row_;
  mutable std::vector<std::string> bytes_;  // by column, what the views of Bytes point to
};

absl::StatusCode CodeOf(std::string_view sqlstate, bool writes) {
  if (sqlstate == "23505") return absl::StatusCode::kAlreadyExists;
  // A server that was turned into a standby lets nobody write; reads that write are our own mistake.
  if (sqlstate == "25006") return writes ? absl::StatusCode::kUnavailable : absl::StatusCode::kFailedPrecondition;
  if (sqlstate == "42501") return absl::StatusCode::kPermissionDenied;
  if (sqlstate == "22021" || sqlstate == "22P05") return absl::StatusCode::kInvalidArgument;  // text
  if (sqlstate == "55P03" || sqlstate == "25P03") return absl::StatusCode::kUnavailable;      // lock, idle too long
  const std::string_view error_class = sqlstate.substr(0, 2);
  if (error_class == "23") return absl::StatusCode::kFailedPrecondition;  // a check, a reference, a null
  if (error_class == "53" && sqlstate != "53300") return absl::StatusCode::kResourceExhausted;  // disk, memory
  if (error_class == "54") return absl::StatusCode::kResourceExhausted;                         // too large
  if (error_class == "XX" && sqlstate != "XX000") return absl::StatusCode::kDataLoss;
  for (std::string_view lost : {"08", "40", "53", "57", "58"}) {  // lost, rolled back, too many, stopped, I/O
    if (error_class == lost) return absl::StatusCode::kUnavailable;
  }
  return absl::StatusCode::kInternal;
}

// The first line, without the word that says what it is.
std::string FirstLine(std::string_view message) {
  for (std::string_view word : {"ERROR:", "FATAL:"}) {
    if (message.starts_with(word)) message.remove_prefix(word.size());
  }
  while (message.starts_with(' ')) message.remove_prefix(1);
  return std::string(message.substr(0, message.find('\n')));
}

std::string_view Summary(std::string_view sql) { return sql.substr(0, sql.find_first_of("(\n")); }

// The text of a conversion error quotes the value; others name tables, columns and rules only.
absl::Status SqlStatus(const pqxx::sql_error& error, std::string_view sql, bool writes) {
  // libpqxx 6.4 forgets the code of this one.
  const bool not_allowed = dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr;
  const std::string sqlstate = not_allowed ? "42501" : error.sqlstate();
  const absl::StatusCode code = CodeOf(sqlstate, writes);
  const std::string text = sqlstate.starts_with("22") ? "a value does not fit" : FirstLine(error.what());
  return StatusF(code, "database: {} [{}] ({})", text, sqlstate, Summary(sql));
}

std::string Milliseconds(absl::Duration time) {
  return time == absl::InfiniteDuration() ? "0" : fmt::format("{}", absl::ToInt64Milliseconds(time));
}

}  // namespace
}  // namespace hoop

// How libpqxx passes a Parameter on.
namespace pqxx {
template <>
struct string_traits<hoop::Parameter> {
  static constexpr const char* name() noexcept { return "parameter"; }
  static constexpr bool has_null() noexcept { return true; }
  static bool is_null(const hoop::Parameter& parameter) { return !parameter.has_value(); }
  static std::string to_string(const hoop::Parameter& parameter) { return *parameter; }
};
}  // namespace pqxx

namespace hoop {

struct PostgresConnection::Session {
  explicit Session(const std::string& connection_text) : connection(connection_text), quiet(connection) {
    connection.set_verbosity(pqxx::connection_base::terse);  // details would show values
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);  // it would come back without its settings
#pragma GCC diagnostic pop
  }

  // Statements without values run once or seldom: the schema, and what this file asks itself.
  pqxx::result Run(std::string_view sql, absl::Span<const SqlValue> values) {
    if (values.empty()) return transaction->exec(std::string(sql));
    return transaction->exec_prepared(Prepare(sql), pqxx::prepare::make_dynamic_params(MakeParameters(values)));
  }

  const std::string& Prepare(std::string_view sql) {
    auto found = statements.find(sql);
    if (found != statements.end()) return found->second;
    if (statements.size() >= limits::kStoreStatementsMax) {
      for (const auto& [text, name] : statements) connection.unprepare(name);
      statements.clear();
    }
    const std::string name = fmt::format("s{}", ++prepared);
    connection.prepare(name, std::string(sql));
    return statements.emplace(std::string(sql), name).first->second;
  }

  pqxx::connection connection;
  pqxx::quiet_errorhandler quiet;  // notices would go to stderr
  std::unique_ptr<pqxx::dbtransaction> transaction;
  std::map<std::string, std::string, std::less<>> statements;  // text -> name at the server
  uint64_t prepared = 0;
  std::string write_lock;  // the statement that waits for the writer before
};

PostgresConnection::PostgresConnection(std::unique_ptr<Session> session) : session_(std::move(session)) {}
PostgresConnection::~PostgresConnection() { Rollback(); }

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const std::string& connection_text,
                                                                             const PostgresTimes& times) {
  std::unique_ptr<Session> session;
  try {
    session = std::make_unique<Session>(connection_text);
  } catch (const std::exception& error) {
    return Unavailable("database: {}", FirstLine(error.what()));
  }
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(std::move(session)));
  HOOP_RETURN_IF_ERROR(connection->Configure(times));
  return connection;
}

absl::Status PostgresConnection::Configure(const PostgresTimes& times) {
  HOOP_RETURN_IF_ERROR(BeginRead());
  // What the URI or the database sets stays; only a commit that would not reach the disk is no commit for us.
  std::string schema, encoding;
  HOOP_RETURN_IF_ERROR(
      Select("select coalesce(current_schema(), ''), current_setting('server_encoding'), "
             "set_config('statement_timeout', case current_setting('statement_timeout') when '0' then $1 "
             "else current_setting('statement_timeout') end, false), "
             "set_config('lock_timeout', case current_setting('lock_timeout') when '0' then $2 "
             "else current_setting('lock_timeout') end, false), "
             "set_config('idle_in_transaction_session_timeout', $3, false), "
             "set_config('synchronous_commit', case current_setting('synchronous_commit') when 'off' then 'on' "
             "else current_setting('synchronous_commit') end, false)",
             {Milliseconds(times.statement), Milliseconds(times.lock), Milliseconds(limits::kStoreIdleTime)},
             [&](const Row& row) {
               schema = row.String(0);
               encoding = row.String(1);
               return absl::OkStatus();
             }));
  HOOP_RETURN_IF_ERROR(Commit());
  if (schema.empty()) return FailedPrecondition("database: no schema of its search_path exists");
  if (encoding != "UTF8") return FailedPrecondition("database: its encoding is {}, UTF8 is needed", encoding);
  // "hoop" in ASCII keeps clear of the advisory locks of others in this database.
  session_->write_lock =
      fmt::format("select pg_advisory_xact_lock(1752133488, hashtext({}))", session_->connection.quote(schema));
  return absl::OkStatus();
}

absl::Status PostgresConnection::BeginWrite(Durability durability) {
  failed_ = absl::OkStatus();
  writes_ = true;
  return Guarded("begin", [&] {
    // Each statement sees what is committed: the lock comes before the first one that looks.
    session_->transaction =
        std::make_unique<pqxx::transaction<pqxx::read_committed, pqxx::read_write>>(session_->connection);
    const std::string_view normal = "set local synchronous_commit = off; ";
    session_->transaction->exec(
        fmt::format("{}{}", durability == Durability::kNormal ? normal : "", session_->write_lock));
  });
}

absl::Status PostgresConnection::BeginRead() {
  failed_ = absl::OkStatus();
  writes_ = false;
  return Guarded("begin", [&] {
    session_->transaction =
        std::make_unique<pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>>(session_->connection);
  });
}

absl::Status PostgresConnection::Commit() {
  HOOP_RETURN_IF_ERROR(failed_);
  return Guarded("commit", [this] { session_->transaction->commit(); });
}

void PostgresConnection::Rollback() {
  if (session_->transaction == nullptr) return;
  session_->transaction.reset();  // rolls back what was not committed, and throws nothing
  failed_ = absl::OkStatus();
  if (!session_->connection.is_open()) alive_ = false;
}

absl::Status PostgresConnection::Guarded(std::string_view sql, absl::FunctionRef<void()> work) {
  try {
    work();
    return absl::OkStatus();
  } catch (const pqxx::sql_error& error) {
    failed_ = SqlStatus(error, sql, writes_);
    const std::string& sqlstate = error.sqlstate();
    // Stopped, turned into a standby, ended for doing nothing.
    if (sqlstate.starts_with("57P") || sqlstate == "25006" || sqlstate == "25P03") alive_ = false;
  } catch (const pqxx::transaction_rollback& error) {
    failed_ = Unavailable("database: {} ({})", FirstLine(error.what()), Summary(sql));
  } catch (const pqxx::in_doubt_error&) {
    failed_ = Unavailable("database: lost while it committed; whether it did is not known");
  } catch (const std::exception& error) {
    failed_ = Internal("database: {} ({})", FirstLine(error.what()), Summary(sql));
  }
  if (!session_->connection.is_open()) {
    alive_ = false;
    if (absl::IsInternal(failed_)) failed_ = Unavailable("{}", StatusText(failed_));
  }
  return failed_;
}

absl::Status PostgresConnection::CheckValues(absl::Span<const SqlValue> values) const {
  for (size_t i = 0; i < values.size(); ++i) {
    const auto* text = std::get_if<SqlValue::Text>(&values[i].content());
    if (text == nullptr || IsPortableText(text->value)) continue;
    return InvalidArgument("database: parameter ${} is not UTF-8 text or holds a NUL", i + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> PostgresConnection::Execute(std::string_view sql, absl::Span<const SqlValue> values) {
  HOOP_CHECK(!visiting_);  // a visitor must not run statements: neither engine could on the same connection
  HOOP_RETURN_IF_ERROR(failed_);
  HOOP_RETURN_IF_ERROR(failed_ = CheckValues(values));
  pqxx::result result;
  HOOP_RETURN_IF_ERROR(Guarded(sql, [&] { result = session_->Run(sql, values); }));
  return static_cast<int64_t>(result.affected_rows());
}

absl::Status PostgresConnection::Select(std::string_view sql, absl::Span<const SqlValue> values,
                                        absl::FunctionRef<absl::Status(const Row&)> visit) {
  HOOP_CHECK(!visiting_);
  HOOP_RETURN_IF_ERROR(failed_);
  HOOP_RETURN_IF_ERROR(failed_ = CheckValues(values));
  pqxx::result result;
  HOOP_RETURN_IF_ERROR(Guarded(sql, [&] { result = session_->Run(sql, values); }));
  for (const pqxx::row& row : result) {
    visiting_ = true;
    const absl::Status status = visit(PostgresRow(row));
    visiting_ = false;
    HOOP_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

}  // namespace hoop

// The door to the SQL engine. Table classes of this folder speak through it; nobody else writes SQL.
// SqliteDatabase or PostgresDatabase is behind it; the SQL text keeps to what both understand alike:
// `$1` parameters, no `::`, bigint epoch microseconds, text uuids, `lower(a) like lower($1) escape '\'`.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace hoop {

// One parameter of a statement: null, number, text or bytes. Borrows text and bytes, as a string_view does: it lives
// as long as the call that it is made for.
class SqlValue {
 public:
  struct Null {};
  struct Text {
    std::string_view value;
  };
  struct Bytes {
    std::string_view value;
  };
  using Content = std::variant<Null, int64_t, Text, Bytes>;

  SqlValue(std::nullptr_t) : content_(Null{}) {}
  SqlValue(std::integral auto number) : content_(static_cast<int64_t>(number)) {}  // true is 1
  SqlValue(std::string_view text) : content_(Text{text}) {}
  SqlValue(const std::string& text) : content_(Text{text}) {}
  SqlValue(const char* text) : content_(Text{text}) {}
  SqlValue(Bytes bytes) : content_(bytes) {}
  SqlValue(absl::Time time) : content_(int64_t{absl::ToUnixMicros(time)}) {}
  template <typename T>
  SqlValue(const std::optional<T>& value) : SqlValue(nullptr) {
    if (value.has_value()) content_ = SqlValue(*value).content_;
  }

  const Content& content() const { return content_; }

 private:
  Content content_;
};

// One row of an answer, columns counted from 0 as the statement names them. Views end with the visit.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;   // empty when null
  virtual std::string_view Bytes(int column) const = 0;  // empty when null

  std::string String(int column) const { return std::string(Text(column)); }
  bool Bool(int column) const { return Int(column) != 0; }
  absl::Time Time(int column) const { return absl::FromUnixMicros(Int(column)); }
  std::optional<absl::Time> OptionalTime(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Time(column));
  }
  std::optional<std::string> OptionalString(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(String(column));
  }
  std::optional<int> OptionalInt(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(static_cast<int>(Int(column)));
  }
};

// What a Read or Write works with; lives as long as that call, on its thread.
// AlreadyExists: a unique value is there already. FailedPrecondition: a check or reference is broken.
// Unavailable: busy or I/O failed. ResourceExhausted: the disk is full. InvalidArgument: text that is not UTF-8 or
// holds a NUL, which PostgreSQL would not store.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs a statement without an answer; how many rows it changed.
  virtual absl::StatusOr<int64_t> Execute(std::string_view sql, absl::Span<const SqlValue> values = {}) = 0;

  // Calls `visit` for each row, until it answers an error, which is then the result. `visit` runs no statement.
  virtual absl::Status Select(std::string_view sql, absl::Span<const SqlValue> values,
                              absl::FunctionRef<absl::Status(const Row&)> visit) = 0;
};

// kNormal survives the death of the process, kFull also the loss of power: it returns when the disk has it.
enum class Durability { kNormal, kFull };

// Owned by Gateway; outlives the tables. Blocks: worker threads only, several at a time. Writes follow one another,
// reads go on beside them. A Read or Write inside another one on the same thread would wait for itself for ever.
class Database {
 public:
  virtual ~Database() = default;

  // One transaction: committed when `work` answers OK, rolled back with its error otherwise.
  virtual absl::Status Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) = 0;

  // One consistent view of the data. Statements that write fail.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) = 0;

  // The statement that answers how many bytes the database takes on disk: the one that differs from engine to engine.
  virtual std::string_view size_statement() const = 0;
};

}  // namespace hoop

// Takes the columns of a row one after the other, as the statement names them. For the tables of this folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "store/database.h"
#include "store/json_column.h"

namespace hoop {

// Lives for one visit. Ask status() after the last column.
class RowReader final {
 public:
  explicit RowReader(const Row& row) : row_(row) {}

  std::string String() { return row_.String(column_++); }
  std::string Bytes() { return std::string(row_.Bytes(column_++)); }
  int64_t Int() { return row_.Int(column_++); }
  bool Bool() { return row_.Bool(column_++); }
  absl::Time Time() { return row_.Time(column_++); }
  std::optional<absl::Time> OptionalTime() { return row_.OptionalTime(column_++); }
  std::optional<std::string> OptionalString() { return row_.OptionalString(column_++); }
  std::optional<int> OptionalInt() { return row_.OptionalInt(column_++); }
  std::vector<std::string> List() { return Keep(ListFromJson(row_.Text(column_++))); }
  std::map<std::string, std::string> Map() { return Keep(MapFromJson(row_.Text(column_++))); }

  const absl::Status& status() const { return status_; }

 private:
  template <typename T>
  T Keep(absl::StatusOr<T> value) {
    if (value.ok()) return *std::move(value);
    status_.Update(value.status());
    return {};
  }

  const Row& row_;
  int column_ = 0;
  absl::Status status_;
};

}  // namespace hoop

// The part of a statement after "where", put together from what the caller asked for. For the tables of this folder.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "store/database.h"

namespace hoop {

// Lives in one function; is not copied. Values are borrowed (SqlValue).
class SqlFilter final {
 public:
  SqlFilter() = default;
  SqlFilter(const SqlFilter&) = delete;
  SqlFilter& operator=(const SqlFilter&) = delete;

  // Each "$?" in `condition` stands for the next of `values`.
  void And(std::string_view condition, absl::Span<const SqlValue> values = {});

  // Without regard to case; nothing for an empty pattern. `columns`: one of them matches.
  void AndLike(std::initializer_list<std::string_view> columns, std::string_view pattern);

  // A column that holds JSON has this text in it (or has not), letter by letter.
  void AndHolds(std::string_view column, std::string text, bool holds = true);

  // One of them; nothing for an empty list.
  void AndOneOf(std::string_view column, const std::vector<std::string>& values);

  // The next parameter, for what follows the conditions ("limit $7").
  std::string Next(SqlValue value);

  // Begins with "1 = 1", so that an empty filter is a condition too.
  const std::string& text() const { return text_; }
  const std::vector<SqlValue>& values() const { return values_; }

  // InvalidArgument: a pattern is longer than limits::kSearchTextBytesMax.
  const absl::Status& status() const { return status_; }

 private:
  std::string text_ = "1 = 1";
  std::deque<std::string> owned_;  // texts that were made here
  std::vector<SqlValue> values_;
  absl::Status status_;
};

// `text` as a pattern that matches exactly it.
std::string EscapeLike(std::string_view text);

}  // namespace hoop

#include "store/sql_filter.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/limits/store.h"
#include "base/status.h"

namespace hoop {

void SqlFilter::And(std::string_view condition, absl::Span<const SqlValue> values) {
  text_ += " and ";
  size_t used = 0;
  for (;;) {
    const size_t mark = condition.find("$?");
    text_ += condition.substr(0, mark);
    if (mark == std::string_view::npos) break;
    HOOP_CHECK(used < values.size());
    text_ += Next(values[used++]);
    condition.remove_prefix(mark + 2);
  }
  HOOP_CHECK(used == values.size());
}

void SqlFilter::AndLike(std::initializer_list<std::string_view> columns, std::string_view pattern) {
  if (pattern.empty()) return;
  if (pattern.size() > limits::kSearchTextBytesMax) {
    status_.Update(InvalidArgument("search text: longer than {} bytes", limits::kSearchTextBytesMax));
    return;
  }
  // Without a wildcard it is one value, which an index finds.
  const std::string_view same = pattern.find_first_of("%_\\") == std::string_view::npos
                                    ? "lower({}) = lower({})"
                                    : "lower({}) like lower({}) escape '\\'";
  const std::string parameter = Next(pattern);
  std::string alternatives;
  for (std::string_view column : columns) {
    if (!alternatives.empty()) alternatives += " or ";
    alternatives += fmt::format(fmt::runtime(same), column, parameter);
  }
  text_ += fmt::format(" and ({})", alternatives);
}

void SqlFilter::AndHolds(std::string_view column, std::string text, bool holds) {
  const std::string parameter = Next(owned_.emplace_back(std::move(text)));
  // Not "like", which SQLite compares without regard to case.
  text_ += fmt::format(" and replace({}, {}, '') {} {}", column, parameter, holds ? "<>" : "=", column);
}

void SqlFilter::AndOneOf(std::string_view column, const std::vector<std::string>& values) {
  if (values.empty()) return;
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + Next(value);
  text_ += fmt::format(" and {} in ({})", column, list);
}

std::string SqlFilter::Next(SqlValue value) {
  values_.push_back(value);
  return fmt::format("${}", values_.size());
}

std::string EscapeLike(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace hoop

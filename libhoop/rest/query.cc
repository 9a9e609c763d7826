#include "rest/query.h"

#include <charconv>

#include "base/status.h"

namespace hoop::rest {

absl::StatusOr<int> QueryInt(const Request& request, const std::string& name, int otherwise, IntBounds bounds) {
  const std::string text = request.Query(name);
  if (text.empty()) return otherwise;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument("invalid \"{}\" option: \"{}\" is not a number", name, text);
  }
  if (number < bounds.least) return InvalidArgument("{} must be >= {}", name, bounds.least);
  if (number > bounds.most) return InvalidArgument("{} must be <= {}", name, bounds.most);
  return number;
}

absl::StatusOr<std::optional<absl::Time>> QueryTime(const Request& request, const std::string& name) {
  const std::string text = request.Query(name);
  if (text.empty()) return std::optional<absl::Time>();
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr) || time == absl::InfiniteFuture() ||
      time == absl::InfinitePast()) {
    return InvalidArgument("invalid \"{}\" option: \"{}\" is not a time of RFC 3339", name, text);
  }
  return std::optional(time);
}

}  // namespace hoop::rest

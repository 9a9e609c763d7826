#include "tools/service/option_names.h"

#include <fmt/format.h>

namespace hoop {

absl::Status WithNames(const absl::Status& status, const OptionNames& names) {
  std::string text(status.message());
  for (const auto& [field, name] : names) {
    const std::string said = fmt::format("{}: ", field), behind = fmt::format("; {}", said);
    if (const size_t at = text.find(behind); at != std::string::npos) text.replace(at + 2, field.size(), name);
    if (text.starts_with(said)) text.replace(0, field.size(), name);
  }
  return absl::Status(status.code(), text);
}

}  // namespace hoop

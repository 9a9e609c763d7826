#include "tools/service/option_names.h"

#include <fmt/format.h>

namespace hoop {

absl::Status WithNames(const absl::Status& status, const OptionNames& names) {
  const std::string text(status.message());
  for (const auto& [field, name] : names) {
    if (!text.starts_with(fmt::format("{}: ", field))) continue;
    return absl::Status(status.code(), fmt::format("{}{}", name, text.substr(field.size())));
  }
  return status;
}

}  // namespace hoop

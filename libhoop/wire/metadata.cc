#include "wire/metadata.h"

#include <algorithm>

namespace hoop {

std::string_view Metadata::Get(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return value;
  }
  std::string underscored(name);
  std::replace(underscored.begin(), underscored.end(), '-', '_');
  for (const auto& [key, value] : entries_) {
    if (key == underscored) return value;
  }
  return {};
}

}  // namespace hoop

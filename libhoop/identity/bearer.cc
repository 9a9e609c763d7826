#include "identity/bearer.h"

namespace hoop {

std::optional<std::string_view> BearerToken(std::string_view header) {
  constexpr std::string_view kPrefix = "Bearer ";
  if (header.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  header.remove_prefix(kPrefix.size());
  if (header.empty() || header.find(' ') != std::string_view::npos) return std::nullopt;
  return header;
}

}  // namespace hoop

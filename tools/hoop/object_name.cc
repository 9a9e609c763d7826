// The kinds of objects that administrators name, and the forms in which they name them.
#include <fmt/format.h>

#include <algorithm>

#include "admin_commands.h"
#include "table.h"

namespace hoop::cli {

namespace {

constexpr ObjectKind kKinds[] = {
    {"agents", {"agent"}},
    {"connections", {"connection", "conn"}},
    {"groups", {"group", "usergroups", "usergroup"}},
    {"orgkeys", {"orgkey"}},
    {"plugins", {"plugin"}},
    {"reviews", {"review"}},
    {"serverinfo", {}},
    {"serviceaccounts", {"serviceaccount", "sa"}},
    {"sessions", {"session"}},
    {"userinfo", {}},
    {"users", {"user"}},
};

bool IsCalled(const ObjectKind& kind, std::string_view word) {
  return kind.name == word || (!word.empty() && std::count(kind.aliases.begin(), kind.aliases.end(), word) > 0);
}

}  // namespace

std::span<const ObjectKind> ObjectKinds() { return kKinds; }

absl::StatusOr<ObjectName> ReadObjectName(const std::string& resource, const std::string& name) {
  const size_t slash = resource.find('/');
  const std::string word = resource.substr(0, slash);
  if (slash != std::string::npos && !name.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}: the name stands there already", Harmless(resource)));
  }
  std::string kinds;
  for (const ObjectKind& kind : ObjectKinds()) {
    if (IsCalled(kind, word)) {
      return ObjectName{std::string(kind.name), slash == std::string::npos ? name : resource.substr(slash + 1)};
    }
    kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", kind.name);
  }
  return absl::InvalidArgumentError(
      fmt::format("resource type \"{}\" not supported: one of {}", Harmless(word), kinds));
}

std::string NormalizedName(const std::string& name) {
  std::string normal = name;
  for (char& c : normal) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '_';
  }
  if (normal != name) fmt::print(stderr, "hoop: the name is taken as {}\n", Harmless(normal));
  return normal;
}

}  // namespace hoop::cli

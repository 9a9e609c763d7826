#include "rest/names.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits/identity.h"
#include "base/status.h"

namespace hoop::rest {
namespace {

bool IsWord(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Word characters with single separators between them.
bool IsWordsWith(std::string_view separators, std::string_view text) {
  bool after_word = false;
  for (const char c : text) {
    if (!IsWord(c) && (!after_word || separators.find(c) == std::string_view::npos)) return false;
    after_word = IsWord(c);
  }
  return after_word;
}

bool IsLine(std::string_view text, size_t bytes_max) {
  const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  return printable && !text.empty() && text.size() <= bytes_max && text.front() != ' ' && text.back() != ' ';
}

}  // namespace

absl::Status CheckName(std::string_view name) {
  // Upstream counts the groups between separators: three word characters at least.
  if (IsWordsWith("-.", name) && name.size() <= 254 && std::count_if(name.begin(), name.end(), IsWord) >= 3) {
    return absl::OkStatus();
  }
  return InvalidArgument(
      "name: it must contain between 3 and 254 alphanumeric characters, it may include (-), (_) or (.) characters");
}

absl::Status CheckWord(std::string_view member, std::string_view word) {
  if (IsWordsWith("-.", word) && word.size() <= 128) return absl::OkStatus();
  return InvalidArgument("{}: a value has 1 to 128 letters, digits, (_), with single (-), (.) inside", member);
}

absl::Status CheckGroups(const std::vector<std::string>& names) {
  if (names.size() > limits::kGroupsMax) return InvalidArgument("groups: more than {}", limits::kGroupsMax);
  for (const std::string& name : names) {
    if (!IsLine(name, 180)) return InvalidArgument("groups: a name has 1 to 180 printable characters");
  }
  return absl::OkStatus();
}

absl::Status CheckLine(std::string_view member, std::string_view text) {
  if (IsLine(text, 254) && text.find('/') == std::string_view::npos) return absl::OkStatus();
  return InvalidArgument("{}: it has 1 to 254 printable characters and no slash", member);
}

absl::Status CheckTag(std::string_view key, std::string_view value) {
  const auto fits = [](char c) { return IsWord(c) || std::string_view(" -+=@/:").find(c) != std::string_view::npos; };
  if (key.size() > 64 || !IsWordsWith("-./", key)) {
    return InvalidArgument("connection_tags: a key has 1 to 64 letters, digits, (_), with single (-), (.), (/) inside");
  }
  if (value.empty() || value.size() > 256 || !std::all_of(value.begin(), value.end(), fits)) {
    return InvalidArgument("connection_tags: the value of {} has 1 to 256 letters, digits, spaces or (-_+=@/:)", key);
  }
  return absl::OkStatus();
}

absl::Status CheckSecret(std::string_view key, std::string_view value) {
  const std::string_view kind = key.substr(0, key.find(':'));
  if ((kind != "envvar" && kind != "filesystem") || key.size() <= kind.size() + 1) {
    return InvalidArgument("secret {}: the key is neither envvar:NAME nor filesystem:NAME", key);
  }
  if (!Base64Decode(value).has_value()) return InvalidArgument("secret {}: the value is not base64", key);
  return absl::OkStatus();
}

}  // namespace hoop::rest

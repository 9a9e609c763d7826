// The two plain shapes of the wire, []string and map[string]string, out of and into gob.
#include "base/status.h"
#include "base/status_macros.h"
#include "wire/gob.h"

namespace hoop {
namespace {

constexpr GobType kStrings{.kind = GobType::Kind::kSlice, .element = &kGobString};
constexpr GobType kStringMap{.kind = GobType::Kind::kMap, .key = &kGobString, .element = &kGobString};

}  // namespace

absl::StatusOr<std::vector<std::string>> GobToStrings(const GobValue& value, std::string_view what) {
  const GobList* list = std::get_if<GobList>(&value);
  if (list == nullptr) return InvalidArgument("{} is not a list of texts", what);
  std::vector<std::string> strings;
  strings.reserve(list->size());
  for (const GobValue& element : *list) {
    const std::string* text = std::get_if<std::string>(&element);
    if (text == nullptr) return InvalidArgument("{} is not a list of texts", what);
    strings.push_back(*text);
  }
  return strings;
}

absl::StatusOr<std::map<std::string, std::string>> GobToStringMap(const GobValue& value, std::string_view what) {
  std::map<std::string, std::string> strings;
  if (std::holds_alternative<std::monostate>(value)) return strings;
  const GobMap* map = std::get_if<GobMap>(&value);
  if (map == nullptr) return InvalidArgument("{} is not a map of texts", what);
  for (const GobEntry& entry : *map) {
    const std::string* key = std::get_if<std::string>(&entry.key);
    const std::string* text = std::get_if<std::string>(&entry.value);
    if (key == nullptr || text == nullptr) return InvalidArgument("{} is not a map of texts", what);
    strings.insert_or_assign(*key, *text);
  }
  return strings;
}

GobValue GobFromStrings(const std::vector<std::string>& strings) { return GobList(strings.begin(), strings.end()); }

GobValue GobFromStringMap(const std::map<std::string, std::string>& map) {
  GobMap entries;
  for (const auto& [key, value] : map) entries.push_back({key, value});
  return entries;
}

absl::StatusOr<std::vector<std::string>> DecodeGobStrings(std::string_view stream) {
  HOOP_ASSIGN_OR_RETURN(const GobValue value, DecodeGob(stream));
  return GobToStrings(value, "gob value");
}

absl::StatusOr<std::map<std::string, std::string>> DecodeGobStringMap(std::string_view stream) {
  HOOP_ASSIGN_OR_RETURN(const GobValue value, DecodeGob(stream));
  return GobToStringMap(value, "gob value");
}

std::string EncodeGobStrings(const std::vector<std::string>& strings) {
  return EncodeGob(kStrings, GobFromStrings(strings));
}

std::string EncodeGobStringMap(const std::map<std::string, std::string>& map) {
  return EncodeGob(kStringMap, GobFromStringMap(map));
}

}  // namespace hoop

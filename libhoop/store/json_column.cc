#include "store/json_column.h"

#include <nlohmann/json.hpp>

#include "base/status.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

// Arguments of commands may be any bytes: the record has them as they were, a column shows what can be shown.
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string ToJsonText(std::string_view text) { return Dump(Json(text)); }
std::string ToJson(const std::vector<std::string>& list) { return Dump(Json(list)); }
std::string ToJson(const std::map<std::string, std::string>& map) { return Dump(Json(map)); }

absl::StatusOr<std::vector<std::string>> ListFromJson(std::string_view text) {
  std::vector<std::string> list;
  if (text.empty()) return list;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return DataLoss("database: a list is not readable");
  for (const Json& item : json) {
    if (!item.is_string()) return DataLoss("database: a list is not readable");
    list.push_back(item.get<std::string>());
  }
  return list;
}

absl::StatusOr<std::map<std::string, std::string>> MapFromJson(std::string_view text) {
  std::map<std::string, std::string> map;
  if (text.empty()) return map;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return DataLoss("database: a map is not readable");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return DataLoss("database: a map is not readable");
    map[key] = value.get<std::string>();
  }
  return map;
}

}  // namespace hoop

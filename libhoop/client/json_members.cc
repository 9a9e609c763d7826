#include "client/json_members.h"

#include "base/limits/client.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

// Depth first: the parser itself would nest as deep as the text does.
absl::StatusOr<Json> ParseJson(std::string_view text) {
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= limits::kApiJsonDepthMax; };
  Json json = Json::parse(text.begin(), text.end(), shallow, false);
  if (json.is_discarded() || json.is_null()) return Internal("the answer is not JSON");
  return json;
}

}  // namespace

absl::StatusOr<Json> ParseJsonObject(std::string_view text) {
  HOOP_ASSIGN_OR_RETURN(Json json, ParseJson(text));
  if (!json.is_object()) return Internal("the answer is not a JSON object");
  return json;
}

absl::StatusOr<Json> ParseJsonList(std::string_view text) {
  if (text == "null") return Json::array();
  HOOP_ASSIGN_OR_RETURN(Json json, ParseJson(text));
  if (!json.is_array()) return Internal("the answer is not a JSON list");
  return json;
}

const Json& Member(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? kNull : *found;
}

std::string TextMember(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  return member.is_string() ? member.get<std::string>() : std::string();
}

bool BoolMember(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  return member.is_boolean() && member.get<bool>();
}

std::optional<absl::Time> TimeMember(const Json& object, const char* name) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, TextMember(object, name), &time, &error)) return std::nullopt;
  return time;
}

std::vector<std::string> TextListMember(const Json& object, const char* name) {
  std::vector<std::string> texts;
  const Json& member = Member(object, name);
  if (!member.is_array()) return texts;
  for (const Json& item : member) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::map<std::string, std::string> TextMapMember(const Json& object, const char* name) {
  std::map<std::string, std::string> texts;
  const Json& member = Member(object, name);
  if (!member.is_object()) return texts;
  for (const auto& [key, value] : member.items()) {
    if (value.is_string()) texts[key] = value.get<std::string>();
  }
  return texts;
}

std::string DumpJson(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace hoop

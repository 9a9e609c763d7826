// Members of JSON objects that other programs wrote: what is missing or of another kind is empty. Used by api_json.cc
// and api_object_json.cc.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

using Json = nlohmann::json;

// Internal: not JSON of that kind. A list may be null when it is empty.
absl::StatusOr<Json> ParseJsonObject(std::string_view text);
absl::StatusOr<Json> ParseJsonList(std::string_view text);

const Json& Member(const Json& object, const char* name);
std::string TextMember(const Json& object, const char* name);
bool BoolMember(const Json& object, const char* name);
std::optional<absl::Time> TimeMember(const Json& object, const char* name);
std::vector<std::string> TextListMember(const Json& object, const char* name);
std::map<std::string, std::string> TextMapMember(const Json& object, const char* name);

template <typename Number>
std::optional<Number> NumberMember(const Json& object, const char* name) {
  const Json& member = Member(object, name);
  if (!member.is_number()) return std::nullopt;
  return member.get<Number>();
}

// Bytes that are not UTF-8 are replaced.
std::string DumpJson(const Json& json);

}  // namespace hoop

// Lists and maps as the JSON text that columns hold. SQL asks at most whether a member's text is in it (SqlFilter).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hoop {

// One of them, quoted.
std::string ToJsonText(std::string_view text);
std::string ToJson(const std::vector<std::string>& list);
std::string ToJson(const std::map<std::string, std::string>& map);

// DataLoss: the text is no such JSON; empty text is an empty value.
absl::StatusOr<std::vector<std::string>> ListFromJson(std::string_view text);
absl::StatusOr<std::map<std::string, std::string>> MapFromJson(std::string_view text);

}  // namespace hoop

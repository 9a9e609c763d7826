// JSON in and out, with bounds and without exceptions: bodies are read through ObjectReader, answers written by
// JsonAnswer. For the .cc files of rest/ only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "rest/http_message.h"

namespace hoop::rest {

using Json = nlohmann::ordered_json;  // answers keep the order in which they are written

// One line, bytes that are not UTF-8 replaced.
std::string JsonText(const Json& value);
Response JsonAnswer(int status, const Json& value);

// RFC 3339, UTC, as many decimals as are needed.
std::string TimeText(absl::Time time);
Json TimeOrNull(const std::optional<absl::Time>& time);
Json TextsOrNull(const std::vector<std::string>& texts);  // null when empty, as upstream's lists sometimes are

// 400: no JSON, nested too deeply, or no object.
absl::StatusOr<Json> ParseObject(const std::string& text);

// The members of a body, taken one by one. Remembers the first thing that is wrong; ask status() once at the end.
// Absent and null members are the same. A value.
class ObjectReader final {
 public:
  // Fails as ParseObject.
  static absl::StatusOr<ObjectReader> Parse(const std::string& body);

  std::string Text(const char* name);
  std::string RequiredText(const char* name);
  std::vector<std::string> Texts(const char* name);
  std::map<std::string, std::string> TextMap(const char* name);  // numbers and booleans become text
  std::map<std::string, std::optional<std::string>> NullableTextMap(const char* name);  // the same, with null
  std::optional<int> Int(const char* name);
  std::optional<int64_t> Int64(const char* name);
  std::vector<ObjectReader> Objects(const char* name);  // each has a status of its own
  bool empty() const { return object_.empty(); }
  bool Has(const char* name) const { return Find(name) != nullptr; }
  bool Mentions(const char* name) const { return object_.contains(name); }  // null counts too

  const absl::Status& status() const { return status_; }

 private:
  explicit ObjectReader(Json object) : object_(std::move(object)) {}
  const Json* Find(const char* name) const;
  void Fail(const char* name, std::string_view wanted);

  Json object_;
  absl::Status status_;
};

}  // namespace hoop::rest

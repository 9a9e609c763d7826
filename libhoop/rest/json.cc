#include "rest/json.h"

#include <algorithm>
#include <utility>

#include "base/limits/http.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop::rest {
namespace {

// Counts brackets outside of strings: the library's own walk over a deep value needs stack for each level.
bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limits::kRestJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string JsonText(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Response JsonAnswer(int status, const Json& value) {
  return Response{.status = status, .content_type = kJsonType, .body = JsonText(value)};
}

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

Json TimeOrNull(const std::optional<absl::Time>& time) { return time.has_value() ? Json(TimeText(*time)) : Json(); }

Json TextsOrNull(const std::vector<std::string>& texts) { return texts.empty() ? Json() : Json(texts); }

absl::StatusOr<Json> ParseObject(const std::string& text) {
  if (IsTooDeep(text)) return HttpError(400, "the body is nested too deeply");
  Json object = Json::parse(text, nullptr, false);
  if (object.is_discarded()) return HttpError(400, "the body is not valid JSON");
  if (!object.is_object()) return HttpError(400, "the body is not a JSON object");
  return object;
}

absl::StatusOr<ObjectReader> ObjectReader::Parse(const std::string& body) {
  HOOP_ASSIGN_OR_RETURN(Json object, ParseObject(body));
  return ObjectReader(std::move(object));
}

const Json* ObjectReader::Find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void ObjectReader::Fail(const char* name, std::string_view wanted) {
  if (status_.ok()) status_ = HttpError(400, fmt::format("{}: {}", name, wanted));
}

std::string ObjectReader::Text(const char* name) {
  const Json* value = Find(name);
  if (value == nullptr) return "";
  const std::string* text = value->get_ptr<const std::string*>();
  if (text == nullptr || text->find('\0') != std::string::npos) {
    Fail(name, "wants a text");
    return "";
  }
  return *text;
}

std::string ObjectReader::RequiredText(const char* name) {
  std::string text = Text(name);
  if (text.empty()) Fail(name, "required");
  return text;
}

std::vector<std::string> ObjectReader::Texts(const char* name) {
  std::vector<std::string> texts;
  const Json* value = Find(name);
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    Fail(name, "wants a list of texts");
    return texts;
  }
  for (const Json& item : *value) {
    const std::string* text = item.get_ptr<const std::string*>();
    if (text == nullptr || text->find('\0') != std::string::npos) {
      Fail(name, "wants a list of texts");
      return {};
    }
    texts.push_back(*text);
  }
  return texts;
}

std::map<std::string, std::string> ObjectReader::TextMap(const char* name) {
  std::map<std::string, std::string> texts;
  for (auto& [key, value] : NullableTextMap(name)) {
    if (!value.has_value()) {
      Fail(name, "wants an object of texts");
      return {};
    }
    texts[key] = *std::move(value);
  }
  return texts;
}

std::map<std::string, std::optional<std::string>> ObjectReader::NullableTextMap(const char* name) {
  std::map<std::string, std::optional<std::string>> texts;
  const Json* value = Find(name);
  if (value == nullptr) return texts;
  if (!value->is_object()) {
    Fail(name, "wants an object of texts");
    return texts;
  }
  for (const auto& [key, item] : value->items()) {
    const std::string* text = item.get_ptr<const std::string*>();
    const bool fits = text != nullptr || item.is_number() || item.is_boolean() || item.is_null();
    if (!fits || key.find('\0') != std::string::npos) {
      Fail(name, "wants an object of texts");
      return {};
    }
    if (item.is_null()) {
      texts[key] = std::nullopt;
    } else {
      texts[key] = text != nullptr ? *text : JsonText(item);
    }
  }
  return texts;
}

std::optional<int> ObjectReader::Int(const char* name) {
  const std::optional<int64_t> value = Int64(name);
  if (!value || (*value >= -2147483647 && *value <= 2147483647)) return value;
  Fail(name, "wants a whole number");
  return std::nullopt;
}

std::optional<int64_t> ObjectReader::Int64(const char* name) {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  // What is unsigned is too large for the other kind.
  const bool fits = value->is_number_integer() && (!value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX);
  if (!fits) {
    Fail(name, "wants a whole number");
    return std::nullopt;
  }
  return value->get<int64_t>();
}

std::vector<ObjectReader> ObjectReader::Objects(const char* name) {
  std::vector<ObjectReader> objects;
  const Json* value = Find(name);
  if (value == nullptr) return objects;
  if (!value->is_array()) {
    Fail(name, "wants a list of objects");
    return objects;
  }
  for (const Json& item : *value) {
    if (!item.is_object()) {
      Fail(name, "wants a list of objects");
      return {};
    }
    objects.push_back(ObjectReader(item));
  }
  return objects;
}

}  // namespace hoop::rest

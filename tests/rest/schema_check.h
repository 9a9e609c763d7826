// Holds a JSON value to a schema of the API's description, as far as that uses JSON Schema: types, required fields, no
// field that is not described.
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json.hpp"

namespace hoop::rest {

inline bool HasType(const nlohmann::json& value, const std::string& type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "array" ? value.is_array() : value.is_object();
}

// What is wrong with `value`, by path ("data.0.user").
inline void CheckSchema(const nlohmann::json& document, const nlohmann::json& schema, const nlohmann::json& value,
                        const std::string& path, std::vector<std::string>& wrong) {
  if (schema.contains("$ref")) {
    const std::string name = schema["$ref"].get<std::string>().substr(std::string("#/components/schemas/").size());
    return CheckSchema(document, document["components"]["schemas"].at(name), value, path, wrong);
  }
  if (value.is_null() && schema.value("nullable", false)) return;
  if (schema.contains("allOf")) return CheckSchema(document, schema["allOf"][0], value, path, wrong);
  if (!schema.contains("type")) return;
  if (!HasType(value, schema["type"])) return wrong.push_back(path + ": not of type " + schema["type"].dump());
  const auto below = [&path](const std::string& key) { return path.empty() ? key : path + "." + key; };
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      CheckSchema(document, schema["items"], value[i], below(std::to_string(i)), wrong);
    }
  }
  if (!value.is_object() || (!schema.contains("properties") && !schema.contains("additionalProperties"))) return;
  for (const auto& [key, item] : value.items()) {
    if (schema.contains("additionalProperties")) {
      CheckSchema(document, schema["additionalProperties"], item, below(key), wrong);
    } else if (schema["properties"].contains(key)) {
      CheckSchema(document, schema["properties"][key], item, below(key), wrong);
    } else {
      wrong.push_back(below(key) + ": not described");
    }
  }
  for (const auto& key : schema.value("required", nlohmann::json::array())) {
    if (!value.contains(key.get<std::string>())) wrong.push_back(below(key) + ": missing");
  }
}

}  // namespace hoop::rest

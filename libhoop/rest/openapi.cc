#include "rest/openapi.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/check.h"
#include "rest/http_message.h"

namespace hoop::rest {
namespace {

std::vector<std::string_view> Split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(at);
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

Json ListOf(Json item) { return {{"type", "array"}, {"items", std::move(item)}}; }

// A type as the docs write it, without its "?".
Json TypeSchema(std::string_view type) {
  if (type.starts_with('[')) return ListOf(TypeSchema(type.substr(1, type.size() - 2)));
  if (type == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (type == "strings") return ListOf(TypeSchema("string"));
  if (type == "map") return {{"type", "object"}, {"additionalProperties", TypeSchema("string")}};
  if (type == "any") return Json::object();
  if (std::isupper(static_cast<unsigned char>(type[0])) != 0) {
    return {{"$ref", "#/components/schemas/" + std::string(type)}};
  }
  return {{"type", std::string(type)}};
}

Json FieldSchema(std::string_view type) {
  const bool is_nullable = type.ends_with('?');
  if (is_nullable) type.remove_suffix(1);
  Json schema = TypeSchema(type);
  if (!is_nullable) return schema;
  if (!schema.contains("$ref")) {
    schema["nullable"] = true;
    return schema;
  }
  return {{"allOf", Json::array({std::move(schema)})}, {"nullable", true}};  // nothing may stand beside a reference
}

Json ObjectSchema(std::string_view fields) {
  Json properties = Json::object(), required = Json::array();
  for (std::string_view field : Split(fields, ' ')) {
    const bool is_required = field.starts_with('*');
    if (is_required) field.remove_prefix(1);
    const size_t colon = field.find(':');
    HOOP_CHECK(colon != std::string_view::npos);
    const std::string name(field.substr(0, colon));
    properties[name] = FieldSchema(field.substr(colon + 1));
    if (is_required) required.push_back(name);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json Content(std::string_view what) {
  const bool is_media = what.find('/') != std::string_view::npos;
  const std::string media(is_media ? what : "application/json");
  Json schema = is_media ? Json{{"type", "string"}, {"format", "binary"}} : TypeSchema(what);
  return {{media, {{"schema", std::move(schema)}}}};
}

Json Answer(std::string_view description, std::string_view what) {
  Json answer = {{"description", std::string(description)}};
  if (!what.empty()) answer["content"] = Content(what);
  return answer;
}

Json Parameter(std::string_view name, std::string_view in, std::string_view type) {
  return {
      {"name", std::string(name)}, {"in", std::string(in)}, {"required", in == "path"}, {"schema", TypeSchema(type)}};
}

Json Parameters(const Route& route, const OperationDoc& doc) {
  Json parameters = Json::array();
  for (const std::string_view segment : Split(route.pattern, '/')) {
    if (segment.starts_with(':')) parameters.push_back(Parameter(segment.substr(1), "path", "string"));
  }
  for (const std::string_view query : Split(doc.query, ' ')) {
    const size_t colon = query.find(':');
    const bool is_text = colon == std::string_view::npos;
    parameters.push_back(Parameter(query.substr(0, colon), "query", is_text ? "string" : query.substr(colon + 1)));
  }
  return parameters;
}

Json Answers(const Route& route, const OperationDoc& doc) {
  Json answers = {{std::to_string(doc.status), Answer("done", doc.answer)}};
  for (std::string_view other : Split(doc.others, ';')) {
    while (other.starts_with(' ')) other.remove_prefix(1);
    answers[std::string(other.substr(0, 3))] = Answer(other.substr(4), doc.answer);
  }
  if (!doc.body.empty()) answers["400"] = Answer("the body cannot be read, or it names what is not there", "Message");
  if (route.rule != Rule::kAnonymous) answers["401"] = Answer("nobody we know", "Message");
  if (route.rule != Rule::kAnonymous && route.rule != Rule::kReader)
    answers["403"] = Answer("not your role", "Message");
  if (route.pattern.find(':') != std::string::npos) answers["404"] = Answer("not there, or not yours", "Message");
  answers["default"] = Answer("refused or failed: 409 exists, 422 makes no sense, 503 try again", "Message");
  return answers;
}

// "get_sessions_id": what generated clients call it.
std::string OperationId(const Route& route) {
  std::string id;
  for (const char c : route.method + route.pattern) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!id.empty() && id.back() != '_') {
      id += '_';
    }
  }
  return id;
}

Json Operation(const Route& route, const OperationDoc& doc) {
  Json operation = {{"operationId", OperationId(route)},
                    {"tags", {std::string(doc.tag)}},
                    {"summary", std::string(doc.summary)},
                    {"parameters", Parameters(route, doc)}};
  if (!doc.body.empty()) operation["requestBody"] = {{"required", true}, {"content", Content(doc.body)}};
  operation["responses"] = Answers(route, doc);
  if (route.rule == Rule::kAnonymous) operation["security"] = Json::array();
  return operation;
}

// "/sessions/:id" is "/sessions/{id}" there.
std::string PathOf(const std::string& pattern) {
  std::string path;
  for (const std::string_view segment : Split(pattern, '/')) {
    path += '/';
    path += segment.starts_with(':') ? "{" + std::string(segment.substr(1)) + "}" : std::string(segment);
  }
  return path;
}

}  // namespace

Json OpenApi(const RouteTable& routes, std::string_view version, std::string_view api_url) {
  Json paths = Json::object();
  for (const Route& route : routes.routes()) {
    const std::string name = route.method + " " + route.pattern;
    const auto docs = OperationDocs();
    const auto found =
        std::find_if(docs.begin(), docs.end(), [&](const OperationDoc& doc) { return doc.route == name; });
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[PathOf(route.pattern)][method] =
        Operation(route, found == docs.end() ? OperationDoc{.tag = "other"} : *found);
  }
  Json schemas = Json::object();
  for (const SchemaDoc& doc : SchemaDocs()) schemas[std::string(doc.name)] = ObjectSchema(doc.fields);
  return {
      {"openapi", "3.0.3"},
      {"info",
       {{"title", "hoop gateway"},
        {"description", "Who may reach what, and what was done. Every error is {\"message\": text}."},
        {"version", std::string(version)}}},
      {"servers", Json::array({{{"url", std::string(api_url) + "/api"}}})},
      {"security", Json::array({{{"bearer", Json::array()}}})},
      {"paths", std::move(paths)},
      {"components",
       {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}}, {"schemas", std::move(schemas)}}}};
}

}  // namespace hoop::rest

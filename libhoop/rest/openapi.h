// The description of the REST API in OpenAPI 3.0, made of the route table and of what openapi_operations.cc says about
// each route. Asked by Api once; tests/rest/openapi_test.cc holds the two to each other.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rest/json.h"
#include "rest/route_table.h"

namespace hoop::rest {

// What is said about a route, in words that openapi.cc takes apart:
//   a schema's name ("Agent"), a list of it ("[Agent]"), a simple type ("strings", "map"), a media type
//   ("text/plain"), or "" for nothing.
struct OperationDoc {
  std::string_view route;  // "GET /agents", as in the table
  std::string_view tag;
  std::string_view summary;
  std::string_view query = "";   // "limit:integer status"; a name alone is a string
  std::string_view body = "";    // what is sent
  int status = 200;              // of the good answer
  std::string_view answer = "";  // what it holds
  std::string_view others = "";  // "202 it still runs; 409 ..."
};

// Fields as "*name:type": "*" is required, a trailing "?" may be null. Types: string, integer, number, boolean, time,
// object, any, strings, map (of strings), the name of a schema, or a list of it.
struct SchemaDoc {
  std::string_view name;
  std::string_view fields;
};

std::span<const OperationDoc> OperationDocs();
std::span<const SchemaDoc> SchemaDocs();

// Every route of the table; one that is not described has no summary.
Json OpenApi(const RouteTable& routes, std::string_view version, std::string_view api_url);

}  // namespace hoop::rest

// The description of the API and the route table: neither has what the other has not.
#include "rest/openapi.h"

#include <set>

#include "tests/rest/rest_fixture.h"
#include "tests/rest/schema_check.h"

namespace hoop::rest {
namespace {

class OpenApiTest : public RestTest {
 protected:
  nlohmann::json document_ = AskJson("", "GET", "/api/openapiv3.json");
};

TEST_F(OpenApiTest, EachRouteIsDescribedAndNothingElse) {
  std::set<std::string> routes, described;
  for (const Route& route : api_.routes().routes()) routes.insert(route.method + " " + route.pattern);
  for (const OperationDoc& doc : OperationDocs()) {
    EXPECT_TRUE(described.insert(std::string(doc.route)).second) << doc.route << " is described twice";
    EXPECT_FALSE(doc.summary.empty()) << doc.route;
  }
  EXPECT_EQ(routes, described);
}

TEST_F(OpenApiTest, ThePathsAreThoseOfTheTable) {
  size_t operations = 0;
  for (const auto& [path, methods] : document_["paths"].items()) operations += methods.size();
  EXPECT_EQ(operations, api_.routes().routes().size());
  const auto& operation = document_["paths"]["/sessions/{id}"]["get"];
  EXPECT_EQ(operation["parameters"][0],
            (nlohmann::json{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}));
  EXPECT_TRUE(operation["responses"].contains("404"));
  EXPECT_EQ(document_["servers"][0]["url"], "http://127.0.0.1:8009/api");
}

TEST_F(OpenApiTest, WhatIsSentIsSaidAndThatItMayBeRefused) {
  for (const OperationDoc& doc : OperationDocs()) {
    const size_t space = doc.route.find(' ');
    std::string method(doc.route.substr(0, space)), path;
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const Route& route : api_.routes().routes()) {
      if (route.method + " " + route.pattern == doc.route) path = route.pattern;
    }
    for (size_t colon; (colon = path.find(':')) != std::string::npos;) {
      path.replace(colon, 1, "{");
      path.insert(std::min(path.find('/', colon), path.size()), "}");
    }
    const auto& operation = document_["paths"][path][method];
    EXPECT_EQ(operation.contains("requestBody"), !doc.body.empty()) << doc.route;
    EXPECT_EQ(operation["responses"].contains("400"), !doc.body.empty()) << doc.route;
    EXPECT_EQ(operation["summary"], std::string(doc.summary)) << doc.route;
  }
}

TEST_F(OpenApiTest, WhatACommandsAnswerLeavesOpenIsSaid) {
  const auto& answers = document_["paths"]["/sessions"]["post"]["responses"];
  EXPECT_NE(answers["202"]["description"].get<std::string>().find("exit_code -2 (not known yet)"), std::string::npos);
  EXPECT_NE(answers["400"]["description"].get<std::string>().find("names what is not there"), std::string::npos);
}

TEST_F(OpenApiTest, APasswordIsChangedWithTheMembersThatAreSaid) {
  const nlohmann::json required = document_["components"]["schemas"]["PasswordChange"]["required"];
  const std::string refusal = Ask("ann", "PUT", "/api/users/self/password", "{}").body;
  EXPECT_EQ(required, (nlohmann::json{"old_password", "password"}));
  EXPECT_NE(refusal.find(required[0].get<std::string>()), std::string::npos) << refusal;
}

TEST_F(OpenApiTest, WhoNeedsNoTokenIsSaid) {
  EXPECT_EQ(document_["security"][0], (nlohmann::json{{"bearer", nlohmann::json::array()}}));
  for (const Route& route : api_.routes().routes()) {
    std::string path = route.pattern, method = route.method == "GET" ? "get" : "post";
    if (path.find(':') != std::string::npos || (route.method != "GET" && route.method != "POST")) continue;
    EXPECT_EQ(document_["paths"][path][method].contains("security"), route.rule == Rule::kAnonymous) << path;
  }
}

TEST_F(OpenApiTest, EachReferenceLeadsToASchemaAndEachSchemaIsUsed) {
  std::set<std::string> referred, schemas;
  const std::function<void(const nlohmann::json&)> walk = [&](const nlohmann::json& value) {
    if (value.is_object() && value.contains("$ref")) {
      const std::string reference = value["$ref"];
      referred.insert(reference.substr(reference.rfind('/') + 1));
    }
    if (value.is_structured()) {
      for (const auto& item : value) walk(item);
    }
  };
  walk(document_);
  for (const auto& [name, schema] : document_["components"]["schemas"].items()) schemas.insert(name);
  EXPECT_EQ(referred, schemas);
}

TEST_F(OpenApiTest, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const auto& [path, methods] : document_["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_TRUE(names.insert(operation["operationId"].get<std::string>()).second) << operation["operationId"];
    }
  }
}

TEST_F(OpenApiTest, TheCheckOfSchemasFindsWhatIsWrong) {
  const auto wrong = [this](const nlohmann::json& value) {
    std::vector<std::string> found;
    CheckSchema(document_, {{"$ref", "#/components/schemas/StatementList"}}, value, "", found);
    return found;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(wrong({{"data", nlohmann::json::array()}, {"next_cursor", ""}}), Texts{});
  EXPECT_EQ(wrong({{"next_cursor", 7}}), (Texts{"next_cursor: not of type \"string\"", "data: missing"}));
  EXPECT_EQ(wrong({{"data", nlohmann::json::array()}, {"next_cursor", ""}, {"more", 1}}), Texts{"more: not described"});
}

}  // namespace
}  // namespace hoop::rest

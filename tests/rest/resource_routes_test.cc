// Resources through the API: those that were made, and those that connections make.
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class ResourceRoutesTest : public RestTest {
 protected:
  Response New(const std::string& body) { return Ask("admin", "POST", "/api/resources", body); }
  void NewConnection(const std::string& name, const std::string& resource, const std::string& more = "") {
    AskJson("admin", "POST", "/api/connections",
            fmt::format(R"({{"name":"{}","type":"custom","subtype":"sub","agent_id":"a1","resource_name":"{}"{}}})",
                        name, resource, more));
  }
  std::string Listed(const std::string& who, const std::string& query = "") {
    std::string names;
    for (const json& resource : AskJson(who, "GET", "/api/resources?" + query)) {
      names += resource["name"].get<std::string>() + " ";
    }
    return names;
  }
};

TEST_F(ResourceRoutesTest, AResourceIsMadeReadChangedAndDeleted) {
  const Response made = New(R"({"name":"res","type":"custom","subtype":"","agent_id":"a1","env_vars":{},"roles":[]})");
  EXPECT_EQ(made.status, 201);
  const json resource = json::parse(made.body);
  EXPECT_EQ(resource["subtype"], "custom");
  EXPECT_FALSE(resource.contains("roles"));
  EXPECT_EQ(AskJson("admin", "GET", "/api/resources/res"), resource);
  const json changed = AskJson("admin", "PUT", "/api/resources/res", R"({"type":"database","subtype":"postgres"})");
  EXPECT_EQ(changed["id"], resource["id"]);
  EXPECT_EQ(changed["type"], "database");
  EXPECT_EQ(Ask("admin", "DELETE", "/api/resources/res").status, 204);
  for (const char* method : {"GET", "DELETE"}) EXPECT_EQ(Ask("admin", method, "/api/resources/res").status, 404);
  EXPECT_EQ(Ask("admin", "PUT", "/api/resources/res", R"({"type":"custom"})").status, 404);
}

TEST_F(ResourceRoutesTest, RolesAreMadeWithIt) {
  const std::string role =
      R"({"name":"reader","type":"database","subtype":"postgres","secret":{"envvar:PASS":"Y2FuYXJ5"}})";
  const Response made =
      New(R"({"name":"db1","type":"database","subtype":"postgres","agent_id":"a1","roles":[)" + role + "]}");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body.find("Y2FuYXJ5"), std::string::npos);
  const json reader = AskJson("admin", "GET", "/api/connections/reader");
  EXPECT_EQ(reader["resource_name"], "db1");
  EXPECT_EQ(reader["agent_id"], "a1");
  EXPECT_EQ(reader["command"][0], "psql");
  // In one step: a role that is there already leaves nothing behind.
  EXPECT_EQ(New(R"({"name":"db2","type":"database","agent_id":"a1","roles":[)" + role + "]}").status, 409);
  EXPECT_EQ(Ask("admin", "GET", "/api/resources/db2").status, 404);
}

TEST_F(ResourceRoutesTest, AConnectionMakesOne) {
  NewConnection("one", "shared", R"(,"access_groups":["dba"])");
  NewConnection("two", "shared");
  AskJson("admin", "POST", "/api/connections", R"({"name":"three","type":"custom","agent_id":"a1"})");
  EXPECT_EQ(Listed("admin"), "shared three ");
  const json shared = AskJson("ben", "GET", "/api/resources/shared");
  EXPECT_EQ(shared["roles"].size(), 1u);  // what he may use
  EXPECT_EQ(shared["roles"][0]["name"], "two");
  EXPECT_EQ(AskJson("admin", "GET", "/api/resources/shared")["roles"].size(), 2u);
  EXPECT_EQ(New(R"({"name":"shared","type":"custom"})").status, 409);
  EXPECT_EQ(Ask("admin", "DELETE", "/api/resources/shared").status, 403);
  EXPECT_EQ(Ask("admin", "PUT", "/api/resources/shared", R"({"type":"database"})").status, 403);
  EXPECT_EQ(AskJson("admin", "PUT", "/api/resources/shared", R"({"type":"custom","subtype":"x"})")["subtype"], "x");
  EXPECT_EQ(AskJson("admin", "GET", "/api/resources/shared")["subtype"], "x");
}

TEST_F(ResourceRoutesTest, WhoSeesNoRoleSeesNoResource) {
  NewConnection("one", "secret", R"(,"access_groups":["dba"])");
  EXPECT_EQ(New(R"({"name":"empty","type":"custom"})").status, 201);
  EXPECT_EQ(Listed("ann"), "secret ");
  EXPECT_EQ(Listed("ben"), "");
  EXPECT_EQ(Ask("ben", "GET", "/api/resources/secret").status, 404);
  EXPECT_EQ(Listed("auditor"), "empty secret ");
  EXPECT_EQ(Listed("stranger"), "");
}

TEST_F(ResourceRoutesTest, AListIsFilteredAndPaged) {
  NewConnection("one", "Alpha");
  NewConnection("two", "beta");
  EXPECT_EQ(New(R"({"name":"gamma","type":"custom","subtype":"other"})").status, 201);
  EXPECT_EQ(Listed("admin", "search=ALPH"), "Alpha ");
  EXPECT_EQ(Listed("admin", "name=beta"), "beta ");
  EXPECT_EQ(Listed("admin", "subtype=other"), "gamma ");
  const json page = AskJson("admin", "GET", "/api/resources?page=2&page_size=2");
  EXPECT_EQ(page["pages"], (json{{"total", 3}, {"page", 2}, {"size", 2}}));
  EXPECT_EQ(page["data"].size(), 1u);
  EXPECT_EQ(Ask("admin", "GET", "/api/resources?page=0").status, 422);
}

TEST_F(ResourceRoutesTest, BadOnesAreRefused) {
  EXPECT_EQ(New(R"({"type":"custom"})").status, 400);
  EXPECT_EQ(New(R"({"name":"res"})").status, 400);
  EXPECT_EQ(New(R"({"name":"r s","type":"custom"})").status, 422);
  EXPECT_EQ(New(R"({"name":"res","type":"nosuch"})").status, 422);
  EXPECT_EQ(New(R"({"name":"res","type":"custom","env_vars":{"A":"b"}})").status, 422);
  EXPECT_EQ(New(R"({"name":"res","type":"custom","roles":{}})").status, 400);
  const Response refused = New(R"({"name":"res","type":"custom","roles":[3]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("wants a list of objects"), std::string::npos) << refused.body;
  EXPECT_EQ(New(R"({"name":"res","type":"custom","roles":[{"name":"one","type":"custom"}]})").status, 400);  // no agent
  EXPECT_EQ(New(R"({"name":"res","type":"custom","agent_id":"a","roles":[{"type":"custom"}]})").status, 400);
  EXPECT_EQ(Listed("admin"), "");
}

}  // namespace
}  // namespace hoop::rest

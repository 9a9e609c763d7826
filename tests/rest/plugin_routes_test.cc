// Plugins: what is always there, and that access_control is who may use a connection.
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

constexpr char kOne[] = "11111111-1111-4111-8111-111111111111";
constexpr char kTwo[] = "22222222-2222-4222-8222-222222222222";

class PluginRoutesTest : public RestTest {
 protected:
  PluginRoutesTest() {
    for (const auto& [id, name] : {std::pair{kOne, "one"}, {kTwo, "two"}}) {
      EXPECT_OK(
          store_->connections().Insert({.id = id, .org_id = store_.org_id(), .name = name, .type = "custom"}, {}));
    }
  }
  std::string Put(const std::string& name, const std::string& connections) {
    const Response response = Ask("admin", "PUT", "/api/plugins/" + name,
                                  fmt::format(R"({{"name":"{}","connections":{}}})", name, connections));
    return fmt::format("{} {}", response.status, response.status == 200 ? "" : response.body);
  }
  static std::string Conn(const std::string& name, const std::string& id) {
    return "/api/plugins/" + name + "/conn/" + id;
  }
};

TEST_F(PluginRoutesTest, EveryConnectionIsAudited) {
  const auto audit = AskJson("ann", "GET", "/api/plugins/audit");
  EXPECT_EQ(audit["connections"].size(), 2u);
  EXPECT_TRUE(audit["connections"][0]["config"].is_null());
  EXPECT_EQ(AskJson("ann", "GET", "/api/plugins").size(), 2u);
  EXPECT_EQ(Put("audit", "[]"), "200 ");
  EXPECT_EQ(AskJson("ann", "GET", "/api/plugins/audit")["connections"].size(), 2u);
}

TEST_F(PluginRoutesTest, AccessControlSaysWhoMayUseAConnection) {
  EXPECT_EQ(Put("access_control", fmt::format(R"([{{"id":"{}","config":["dba"]}}])", kOne)), "200 ");
  const auto plugin = AskJson("admin", "GET", "/api/plugins/access_control");
  ASSERT_EQ(plugin["connections"].size(), 1u);
  EXPECT_EQ(plugin["connections"][0], (nlohmann::json{{"id", kOne}, {"name", "one"}, {"config", {"dba"}}}));
  EXPECT_EQ(Ask("ann", "GET", "/api/connections/one").status, 200);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 404);
  EXPECT_EQ(AskJson("ben", "GET", "/api/plugins/audit")["connections"].size(), 1u);
  // What the answer says may be sent back; what is not in it is for everybody.
  EXPECT_EQ(Ask("admin", "PUT", "/api/plugins/access_control", plugin.dump()).status, 200);
  EXPECT_EQ(Put("access_control", "[]"), "200 ");
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 200);
}

TEST_F(PluginRoutesTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(Ask("admin", "GET", "/api/plugins/nosuch").body, R"({"message":"plugin not found"})");
  EXPECT_EQ(Put("nosuch", "[]"), R"(404 {"message":"plugin not found"})");
  EXPECT_EQ(Ask("admin", "PUT", "/api/plugins/nosuch/config", "{}").status, 404);
  EXPECT_EQ(Ask("admin", "POST", "/api/plugins", R"({"name":"audit","connections":[]})").body,
            R"({"message":"plugin already enabled"})");
  EXPECT_EQ(Ask("admin", "POST", "/api/plugins", R"({"name":"runbooks","connections":[]})").status, 422);
  EXPECT_EQ(Put("access_control", R"([{"id":"33333333-3333-4333-8333-333333333333","config":["a"]}])").substr(0, 3),
            "422");
  EXPECT_EQ(Put("access_control", R"([{"config":["a"]}])").substr(0, 3), "400");
  EXPECT_EQ(Put("access_control", R"(["x"])").substr(0, 3), "400");
  EXPECT_EQ(Put("access_control", fmt::format(R"([{{"id":"{}","config":[" a"]}}])", kOne)).substr(0, 3), "422");
}

TEST_F(PluginRoutesTest, ThereIsNothingToConfigure) {
  EXPECT_EQ(AskJson("admin", "PUT", "/api/plugins/access_control/config", "{}")["name"], "access_control");
  EXPECT_EQ(Ask("admin", "PUT", "/api/plugins/access_control/config", R"({"KEY":"YQ=="})").status, 422);
}

// ---- One connection ------------------------------------------------------------------------------------------------

TEST_F(PluginRoutesTest, TheGroupsOfOneConnectionAreReplaced) {
  EXPECT_EQ(Put("access_control", fmt::format(R"([{{"id":"{}","config":["dba"]}}])", kTwo)), "200 ");
  clock_.Advance(absl::Seconds(5));
  const auto put = AskJson("admin", "PUT", Conn("access_control", kOne), R"({"config":["ops","dba","ops"]})");
  EXPECT_EQ(put["connection_id"], kOne);
  EXPECT_EQ(put["plugin_id"], AskJson("admin", "GET", "/api/plugins/access_control")["id"]);
  const auto shown = AskJson("auditor", "GET", Conn("access_control", kOne));
  EXPECT_EQ(shown, put);
  EXPECT_EQ(shown["updated_at"], absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now(), absl::UTCTimeZone()));
  EXPECT_EQ(shown["config"], (nlohmann::json{"dba", "ops"}));
  EXPECT_EQ(Ask("ann", "GET", "/api/connections/one").status, 200);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 404);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/two").status, 404);  // as before
}

TEST_F(PluginRoutesTest, AConnectionWithoutGroupsIsForEverybody) {
  for (const char* way : {"DELETE", "PUT"}) {
    EXPECT_EQ(Ask("admin", "PUT", Conn("access_control", kOne), R"({"config":["dba"]})").status, 200);
    EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 404);
    const bool deletes = std::string(way) == "DELETE";
    EXPECT_EQ(Ask("admin", way, Conn("access_control", kOne), deletes ? "" : R"({"config":[]})").status,
              deletes ? 204 : 200);
    EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 200);
    EXPECT_EQ(Ask("admin", "GET", Conn("access_control", kOne)).status, 404);
    EXPECT_EQ(Ask("admin", "DELETE", Conn("access_control", kOne)).status, 404);
  }
}

TEST_F(PluginRoutesTest, NoConnectionLeavesTheAudit) {
  EXPECT_TRUE(AskJson("admin", "GET", Conn("audit", kOne))["config"].is_null());
  EXPECT_TRUE(AskJson("admin", "PUT", Conn("audit", kOne), R"({"config":["x"]})")["config"].is_null());
  EXPECT_EQ(Ask("admin", "DELETE", Conn("audit", kOne)).status, 422);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/one").status, 200);  // what was said there is no group
}

TEST_F(PluginRoutesTest, RefusesAConnectionThatIsNotThere) {
  const std::string not_there = R"({"message":"plugin connection not found"})";
  const std::string body = R"({"config":["dba"]})";
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    EXPECT_EQ(Ask("admin", method, Conn("access_control", "one"), body).body, not_there) << method;  // its name
    EXPECT_EQ(Ask("stranger", method, Conn("access_control", kOne), body).body, not_there) << method;
    EXPECT_EQ(Ask("admin", method, Conn("nosuch", kOne), body).body, R"({"message":"plugin not found"})") << method;
  }
  EXPECT_EQ(Ask("admin", "PUT", Conn("access_control", kOne), R"({"config":[" a"]})").status, 422);
  EXPECT_EQ(Ask("admin", "PUT", Conn("access_control", kOne), R"({"config":"a"})").status, 400);
  EXPECT_EQ(Ask("admin", "PUT", Conn("access_control", kOne), "").status, 400);
}

}  // namespace
}  // namespace hoop::rest

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

}  // namespace
}  // namespace hoop::rest

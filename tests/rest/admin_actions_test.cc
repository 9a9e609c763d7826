// What administrators change is kept, without secrets, and read by auditors.
#include "base/limits/http.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class AdminActionsTest : public RestTest {
 protected:
  json Actions(const std::string& query = "") { return AskJson("auditor", "GET", "/api/audit/logs?" + query)["data"]; }
};

TEST_F(AdminActionsTest, AChangeIsKeptWithWhoAndWhat) {
  Ask("admin", "POST", "/api/users", R"({"email":"eve@example.test","password":"canary canary","groups":["dba"]})");
  clock_.Advance(absl::Seconds(1));
  Ask("admin", "PUT", "/api/users/nobody@example.test", R"({"name":"N"})");
  clock_.Advance(absl::Seconds(1));
  Ask("admin", "DELETE", "/api/users/groups/dba");
  const json actions = Actions();
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_EQ(actions[0]["resource_type"], "user_groups");
  EXPECT_EQ(actions[0]["action"], "delete");
  EXPECT_EQ(actions[0]["http_path"], "/api/users/groups/dba");
  EXPECT_EQ(actions[0]["http_status"], 204);
  EXPECT_EQ(actions[0]["outcome"], true);
  EXPECT_EQ(actions[1]["action"], "update");
  EXPECT_EQ(actions[1]["http_status"], 404);
  EXPECT_EQ(actions[1]["outcome"], false);
  EXPECT_EQ(actions[1]["error_message"], "user nobody@example.test not found");
  EXPECT_EQ(actions[2]["actor_email"], "admin@example.test");
  EXPECT_EQ(actions[2]["http_method"], "POST");
  EXPECT_EQ(actions[2]["request_payload_redacted"],
            (json{{"email", "eve@example.test"}, {"password", "[REDACTED]"}, {"groups", {"dba"}}}));
}

TEST_F(AdminActionsTest, NoSecretIsKept) {
  const std::string secrets =
      R"({"name":"db1","type":"custom","agent_id":"a","secret":{"envvar:A":"Y2FuYXJ5"},"roles":[{"secret":"canary"}]})";
  Ask("admin", "POST", "/api/connections", secrets);
  Ask("admin", "PUT", "/api/users/ann@example.test/password", R"({"password":"canary canary"})");
  const json actions = Actions();
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions.dump().find("canary"), std::string::npos);
  EXPECT_EQ(actions.dump().find("Y2FuYXJ5"), std::string::npos);
}

TEST_F(AdminActionsTest, OnlyChangesOfAdministratorsAreKept) {
  Ask("admin", "GET", "/api/users");
  Ask("ann", "POST", "/api/users", R"({"email":"eve@example.test"})");  // refused by the rule
  Ask("ann", "PATCH", "/api/users/self/slack", R"({"slack_id":"x"})");
  EXPECT_EQ(Actions(), json::array());
}

TEST_F(AdminActionsTest, ALargePayloadIsNotKept) {
  const std::string name(limits::kRestKeptPayloadBytesMax, 'n');
  Ask("admin", "POST", "/api/users/groups", json{{"name", name}}.dump());
  Ask("admin", "POST", "/api/users/groups", "[]");
  EXPECT_EQ(Actions("http_status=422")[0]["request_payload_redacted"], json({{"truncated", true}}));
  EXPECT_EQ(Actions("http_status=400")[0]["request_payload_redacted"], json::object());
}

TEST_F(AdminActionsTest, AListIsFilteredAndPaged) {
  for (const char* name : {"a", "b", "a"}) {
    Ask("admin", "POST", "/api/users/groups", json{{"name", name}}.dump());
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(Actions("outcome=false").size(), 1u);
  EXPECT_EQ(Actions("outcome=true&actor_email=ADMIN").size(), 2u);
  EXPECT_EQ(Actions("resource_type=users").size(), 0u);
  EXPECT_EQ(Actions("http_status=201&http_method=POST&action=create").size(), 2u);
  const json page = AskJson("auditor", "GET", "/api/audit/logs?page=2&page_size=2");
  EXPECT_EQ(page["pages"], (json{{"total", 3}, {"page", 2}, {"size", 2}}));
  EXPECT_EQ(page["data"].size(), 1u);
  const auto refused = [this](const std::string& query) {
    return Ask("auditor", "GET", "/api/audit/logs?" + query).status;
  };
  EXPECT_EQ(refused("http_status=x"), 400);
  EXPECT_EQ(refused("outcome=maybe"), 400);
  EXPECT_EQ(refused("page=0"), 422);
  EXPECT_EQ(refused("page_size=101"), 422);
  EXPECT_EQ(refused("created_after=yesterday"), 422);
}

}  // namespace
}  // namespace hoop::rest

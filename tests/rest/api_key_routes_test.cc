// API keys through the API, and who one is with one.
#include "base/limits/identity.h"
#include "identity/api_keys.h"
#include "identity/local_verifier.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class ApiKeyRoutesTest : public RestTest {
 protected:
  json New(const std::string& name, const std::string& more = "") {
    return AskJson("admin", "POST", "/api/api-keys", R"({"name":")" + name + '"' + more + "}");
  }
  LocalVerifier local_{signer_, *store_, RoleGroups()};
};

TEST_F(ApiKeyRoutesTest, AKeyIsSeenOnceAndOpensTheDoor) {
  const json made = New("ci", R"(,"groups":["dba","admin","dba"])");
  const std::string key = made["key"];
  EXPECT_EQ(key.substr(0, 4), "hpk_");
  EXPECT_EQ(key.size(), 47u);
  EXPECT_EQ(made["masked_key"], key.substr(0, 8) + std::string(39, '*'));
  EXPECT_EQ(made["groups"], json({"admin", "dba"}));
  EXPECT_EQ(made["created_by"], "admin@example.test");
  for (const std::string& path : {std::string("/api/api-keys"), std::string("/api/api-keys/ci"),
                                  "/api/api-keys/" + made["id"].get<std::string>()}) {
    const Response shown = Ask("admin", "GET", path);
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(shown.body.find(key), std::string::npos);
  }
  const auto identity = local_.Verify(key, clock_.Now());
  ASSERT_OK(identity);
  EXPECT_EQ(identity->user_id, made["id"].get<std::string>());
  EXPECT_EQ(identity->subject, made["id"].get<std::string>());
  EXPECT_EQ(identity->email, "ci");
  EXPECT_TRUE(identity->is_admin);
  EXPECT_FALSE(identity->is_auditor);
  EXPECT_STATUS(local_.Verify(key + "x", clock_.Now()), absl::StatusCode::kUnauthenticated, "gone");
}

TEST_F(ApiKeyRoutesTest, ItsUseIsNotedNowAndThen) {
  const std::string key = New("ci")["key"];
  const auto used = [this] { return AskJson("admin", "GET", "/api/api-keys/ci").value("last_used_at", ""); };
  EXPECT_EQ(used(), "");
  ASSERT_OK(local_.Verify(key, clock_.Now()));
  const std::string first = used();
  EXPECT_NE(first, "");
  clock_.Advance(limits::kApiKeyUseTime - absl::Seconds(1));
  ASSERT_OK(local_.Verify(key, clock_.Now()));
  EXPECT_EQ(used(), first);
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK(local_.Verify(key, clock_.Now()));
  EXPECT_NE(used(), first);
}

TEST_F(ApiKeyRoutesTest, ARevokedKeyIsOutUntilItComesBack) {
  const json made = New("ci");
  EXPECT_EQ(Ask("admin", "POST", "/api/api-keys/ci/reactivate").status, 422);
  EXPECT_EQ(Ask("admin", "DELETE", "/api/api-keys/ci").status, 204);
  EXPECT_EQ(control_.ended, std::vector<std::string>{made["id"].get<std::string>() + ": user is not active"});
  EXPECT_STATUS(local_.Verify(made["key"].get<std::string>(), clock_.Now()), absl::StatusCode::kUnauthenticated,
                "not active");
  const json revoked = AskJson("admin", "GET", "/api/api-keys/ci");
  EXPECT_EQ(revoked["status"], "revoked");
  EXPECT_EQ(revoked["deactivated_by"], "admin@example.test");
  EXPECT_TRUE(revoked.contains("deactivated_at"));
  EXPECT_EQ(Ask("admin", "DELETE", "/api/api-keys/ci").status, 204);
  EXPECT_EQ(AskJson("admin", "POST", "/api/api-keys/ci/reactivate")["status"], "active");
  EXPECT_OK(local_.Verify(made["key"].get<std::string>(), clock_.Now()));
}

TEST_F(ApiKeyRoutesTest, NameAndGroupsChange) {
  const std::string key = New("ci", R"(,"groups":["admin"])")["key"];
  New("second");
  EXPECT_EQ(AskJson("admin", "PUT", "/api/api-keys/ci", R"({"name":"third"})")["groups"], json({"admin"}));
  EXPECT_EQ(AskJson("admin", "PUT", "/api/api-keys/third", R"({"groups":null})")["groups"], json::array());
  EXPECT_FALSE(local_.Verify(key, clock_.Now())->is_admin);
  EXPECT_EQ(Ask("admin", "PUT", "/api/api-keys/third", R"({"name":"second"})").status, 409);
}

TEST_F(ApiKeyRoutesTest, BadOnesAreRefused) {
  New("ci");
  const auto refused = [this](const std::string& body) { return Ask("admin", "POST", "/api/api-keys", body).status; };
  EXPECT_EQ(refused(R"({"name":"ci"})"), 409);
  EXPECT_EQ(refused(R"({})"), 400);
  EXPECT_EQ(refused(R"({"name":"a/b"})"), 422);
  EXPECT_EQ(refused(R"({"name":"x","groups":[""]})"), 422);
  EXPECT_EQ(Ask("admin", "PUT", "/api/api-keys/ci", R"({"name":"a/b"})").status, 422);
  EXPECT_EQ(Ask("admin", "PUT", "/api/api-keys/ci", R"({"groups":[""]})").status, 422);
  for (const char* path : {"/api/api-keys/nosuch", "/api/api-keys/nosuch/reactivate"}) {
    const bool reactivate = std::string(path).ends_with("reactivate");
    EXPECT_EQ(Ask("admin", reactivate ? "POST" : "DELETE", path).status, 404);
  }
  EXPECT_EQ(Ask("admin", "GET", "/api/api-keys/nosuch").status, 404);
  EXPECT_EQ(Ask("admin", "PUT", "/api/api-keys/nosuch", "{}").status, 404);
}

TEST(ApiKeys, AreMaskedForPeople) {
  EXPECT_EQ(MaskApiKey("hpk_abcdefgh"), "hpk_abcd****");
  EXPECT_EQ(MaskApiKey("short"), "*****");
}

}  // namespace
}  // namespace hoop::rest

// Service accounts through the API.
#include "base/limits/identity.h"
#include "identity/local_verifier.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class ServiceAccountRoutesTest : public RestTest {
 protected:
  Response New(const std::string& body) { return Ask("admin", "POST", "/api/serviceaccounts", body); }
  Response Put(const std::string& subject, const std::string& body) {
    return Ask("admin", "PUT", "/api/serviceaccounts/" + subject, body);
  }
};

TEST_F(ServiceAccountRoutesTest, AreMadeListedAndChanged) {
  EXPECT_EQ(AskJson("ben", "GET", "/api/serviceaccounts"), json::array());
  const Response made = New(R"({"subject":"ci","name":"CI","groups":["ops","dba","ops"],"status":"active"})");
  EXPECT_EQ(made.status, 201);
  json account = json::parse(made.body);
  EXPECT_EQ(account, (json{{"id", ServiceAccountId("ci")},
                           {"org_id", store_.org_id()},
                           {"subject", "ci"},
                           {"name", "CI"},
                           {"status", "active"},
                           {"groups", {"dba", "ops"}}}));
  EXPECT_EQ(AskJson("ben", "GET", "/api/serviceaccounts"), json::array({account}));
  const Response changed = Put("ci", R"({"subject":"another","name":"C","groups":null,"status":"inactive"})");
  EXPECT_EQ(changed.status, 200);
  account.update({{"name", "C"}, {"groups", json::array()}, {"status", "inactive"}});
  EXPECT_EQ(json::parse(changed.body), account);
  EXPECT_EQ(control_.ended, std::vector<std::string>{ServiceAccountId("ci") + ": user is not active"});
}

TEST_F(ServiceAccountRoutesTest, BadOnesAreRefused) {
  EXPECT_EQ(New(R"({"name":"x","status":"active"})").status, 400);
  EXPECT_EQ(New(R"({"subject":"","status":"active"})").status, 422);
  EXPECT_EQ(New(R"({"subject":"a/b","status":"active"})").status, 422);
  EXPECT_EQ(New(R"({"subject":"ci"})").status, 422);
  EXPECT_EQ(New(R"({"subject":"ci","status":"invited"})").status, 422);
  EXPECT_EQ(New(R"({"subject":"ci","status":"active","groups":[""]})").status, 422);
  EXPECT_EQ(New(json{{"subject", "ci"}, {"status", "active"}, {"name", std::string(5000, 'n')}}.dump()).status, 422);
  EXPECT_EQ(New(R"({"subject":"ci","status":"active"})").status, 201);
  EXPECT_EQ(New(R"({"subject":"ci","status":"active"})").status, 409);
  EXPECT_EQ(Put("ci", R"({"status":"active"})").status, 400);
  EXPECT_EQ(Put("ci", R"({"subject":"ci"})").status, 422);
  EXPECT_EQ(Put("nosuch", R"({"subject":"nosuch","status":"active"})").status, 404);
}

TEST_F(ServiceAccountRoutesTest, AnAdministratorMakesTheirTokens) {
  EXPECT_EQ(New(R"({"subject":"ci","status":"active","groups":["dba"]})").status, 201);
  const std::string path = "/api/serviceaccounts/ci/token";
  const json made = AskJson("admin", "POST", path, R"({"lifetime_sec":60})");
  LocalVerifier verifier(signer_, *store_, RoleGroups());
  const auto identity = verifier.Verify(made["token"].get<std::string>(), clock_.Now());
  ASSERT_OK(identity);
  EXPECT_EQ(identity->subject, "ci");
  EXPECT_EQ(identity->expires_at, clock_.Now() + absl::Seconds(60));
  EXPECT_EQ(Ask("admin", "POST", path).status, 201);
  const int64_t most = absl::ToInt64Seconds(limits::kServiceTokenLifetimeMax);
  EXPECT_EQ(Ask("admin", "POST", path, fmt::format(R"({{"lifetime_sec":{}}})", most)).status, 201);
  EXPECT_EQ(Ask("admin", "POST", path, fmt::format(R"({{"lifetime_sec":{}}})", most + 1)).status, 422);
  EXPECT_EQ(Ask("admin", "POST", path, R"({"lifetime_sec":0})").status, 422);
  EXPECT_EQ(Ask("admin", "POST", path, R"({"lifetime_sec":"long"})").status, 400);
  EXPECT_EQ(Ask("admin", "POST", "/api/serviceaccounts/nosuch/token").status, 404);
  EXPECT_EQ(Put("ci", R"({"subject":"ci","status":"inactive"})").status, 200);
  EXPECT_EQ(Ask("admin", "POST", path).status, 422);
}

TEST_F(ServiceAccountRoutesTest, DoNotDeactivateThemselves) {
  EXPECT_EQ(New(R"({"subject":"ci","status":"active","groups":["admin"]})").status, 201);
  verifier_.people["ci"] = {
      .org_id = store_.org_id(), .user_id = ServiceAccountId("ci"), .subject = "ci", .email = "ci", .is_admin = true};
  EXPECT_EQ(Ask("ci", "PUT", "/api/serviceaccounts/ci", R"({"subject":"ci","status":"inactive"})").status, 422);
  EXPECT_EQ(Ask("ci", "PATCH", "/api/users/self/slack", R"({"slack_id":"x"})").status, 404);
  EXPECT_EQ(AskJson("ci", "GET", "/api/userinfo")["id"], "ci");
}

}  // namespace
}  // namespace hoop::rest

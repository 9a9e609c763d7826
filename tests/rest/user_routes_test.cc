// Users, their groups and passwords through the API.
#include "base/limits/identity.h"
#include "rest/json.h"
#include "rest/refused_logins.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class UserRoutesTest : public RestTest {
 protected:
  std::string Message(const Response& response) { return json::parse(response.body)["message"]; }
  json New(const std::string& email, const std::string& more = "") {
    return AskJson("admin", "POST", "/api/users", fmt::format(R"({{"email":"{}"{}}})", email, more));
  }
};

TEST_F(UserRoutesTest, AUserIsMadeReadChangedAndDeleted) {
  const json made =
      New("eve@example.test",
          R"(,"name":"Eve","groups":["ops","dba","ops"],"slack_id":"S","picture":"p","status":"inactive",)"
          R"("password":"her password")");
  EXPECT_EQ(made["id"], "eve@example.test");
  EXPECT_EQ(made["status"], "active");  // local accounts are there at once
  EXPECT_EQ(made["groups"], json({"dba", "ops"}));
  EXPECT_FALSE(made.contains("password"));
  EXPECT_EQ(Ask("", "POST", "/api/localauth/login", R"({"email":"eve@example.test","password":"her password"})").status,
            200);
  EXPECT_EQ(AskJson("ben", "GET", "/api/users/EVE@example.test"), made);
  EXPECT_EQ(AskJson("ben", "GET", "/api/users").size(), 5u);

  const json changed = AskJson("admin", "PUT", "/api/users/eve@example.test",
                               R"({"email":"Eve@example.test","name":"E","groups":null,"status":"active"})");
  EXPECT_EQ(changed["name"], "E");
  EXPECT_EQ(changed["groups"], json::array());
  EXPECT_EQ(changed["slack_id"], "S");
  EXPECT_EQ(AskJson("ben", "GET", "/api/users/eve@example.test"), changed);

  EXPECT_EQ(Ask("admin", "DELETE", "/api/users/eve@example.test").status, 204);
  EXPECT_EQ(control_.ended.size(), 1u);
  EXPECT_EQ(Ask("ben", "GET", "/api/users/eve@example.test").status, 404);
  EXPECT_EQ(Ask("admin", "DELETE", "/api/users/eve@example.test").status, 404);
  EXPECT_EQ(Ask("admin", "PUT", "/api/users/eve@example.test", "{}").status, 404);
}

TEST_F(UserRoutesTest, BadUsersAreRefused) {
  const auto refused = [this](const std::string& body) { return Ask("admin", "POST", "/api/users", body).status; };
  EXPECT_EQ(refused(R"({"name":"U"})"), 400);
  EXPECT_EQ(refused(R"({"email":"nope"})"), 422);
  EXPECT_EQ(refused(R"({"email":"ANN@example.test"})"), 409);
  EXPECT_EQ(refused(R"({"email":"u@example.test","password":"short"})"), 422);
  EXPECT_EQ(refused(R"({"email":"u@example.test","status":"away"})"), 422);
  EXPECT_EQ(refused(R"({"email":"u@example.test","groups":[""]})"), 422);
  EXPECT_EQ(refused(R"({"email":"u@example.test","groups":[" a"]})"), 422);
  EXPECT_EQ(refused(R"({"email":"u@example.test","groups":["a\n"]})"), 422);
  EXPECT_EQ(refused(fmt::format(R"({{"email":"u@example.test","groups":["{}"]}})", std::string(181, 'g'))), 422);
  EXPECT_EQ(refused(R"({"email":"u@example.test","groups":"admin"})"), 400);
  EXPECT_EQ(
      refused(json({{"email", "u@example.test"}, {"name", std::string(limits::kProfileTextBytesMax + 1, 'n')}}).dump()),
      422);
  EXPECT_EQ(
      refused(json({{"email", "u@example.test"}, {"groups", std::vector<std::string>(limits::kGroupsMax + 1, "g")}})
                  .dump()),
      422);
  const auto change = [this](const std::string& body) {
    return Ask("admin", "PUT", "/api/users/ann@example.test", body).status;
  };
  EXPECT_EQ(change(R"({"email":"another@example.test"})"), 422);
  EXPECT_EQ(change(R"({"status":"away"})"), 422);
  EXPECT_EQ(change(R"({"groups":[""]})"), 422);
  EXPECT_EQ(change(R"({"groups":3})"), 400);
  EXPECT_EQ(AskJson("ben", "GET", "/api/users").size(), 4u);
}

TEST_F(UserRoutesTest, ADeactivatedUserLosesHisSessions) {
  EXPECT_EQ(AskJson("admin", "PUT", "/api/users/ann@example.test", R"({"status":"inactive"})")["status"], "inactive");
  EXPECT_EQ(control_.ended, std::vector<std::string>{"id-ann: user is not active"});
  EXPECT_EQ(AskJson("admin", "PUT", "/api/users/ben@example.test", R"({"status":"invited"})")["verified"], false);
  control_.ended.clear();
  AskJson("admin", "PUT", "/api/users/ann@example.test", R"({"status":"active"})");
  EXPECT_TRUE(control_.ended.empty());
}

TEST_F(UserRoutesTest, WhoChangesHimselfStaysAnAdministrator) {
  const std::string self = "/api/users/admin@example.test";
  EXPECT_EQ(AskJson("admin", "PUT", self, R"({"groups":["ops"]})")["groups"], json({"admin", "ops"}));
  EXPECT_EQ(Ask("admin", "PUT", self, R"({"status":"inactive"})").status, 422);
  EXPECT_EQ(Ask("admin", "DELETE", self).status, 422);
}

TEST_F(UserRoutesTest, TheLastAdministratorStays) {
  AddPerson("robot", true, false, {});  // an administrator by other means than this group
  const std::string last = "/api/users/admin@example.test";
  for (const Response& response :
       {Ask("robot", "PUT", last, R"({"groups":[]})"), Ask("robot", "PUT", last, R"({"status":"inactive"})"),
        Ask("robot", "DELETE", last)}) {
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(Message(response), "it is the last active administrator");
  }
  EXPECT_TRUE(control_.ended.empty());
  New("second@example.test", R"(,"groups":["admin"])");
  EXPECT_EQ(Ask("robot", "DELETE", last).status, 204);
}

TEST_F(UserRoutesTest, EverybodySetsHisOwnSlackId) {
  EXPECT_EQ(AskJson("ann", "PATCH", "/api/users/self/slack", R"({"slack_id":"S1"})")["slack_id"], "S1");
  EXPECT_EQ(store_->users().FindById("id-ann")->slack_id, "S1");
  EXPECT_EQ(store_->users().FindById("id-ann")->groups, std::vector<std::string>{"dba"});
  EXPECT_EQ(Ask("ann", "PATCH", "/api/users/self/slack", R"({"slack_id":""})").status, 422);
}

TEST_F(UserRoutesTest, GroupsAreListedMadeAndDeleted) {
  EXPECT_EQ(AskJson("ben", "GET", "/api/users/groups"), json({"admin", "auditor", "dba"}));
  EXPECT_EQ(AskJson("admin", "POST", "/api/users/groups", R"({"name":"new one"})"), json({{"name", "new one"}}));
  EXPECT_EQ(Message(Ask("admin", "POST", "/api/users/groups", R"({"name":"new one"})")),
            "group new one already exists");
  EXPECT_EQ(Ask("admin", "POST", "/api/users/groups", R"({"name":"dba"})").status, 409);
  EXPECT_EQ(Ask("admin", "POST", "/api/users/groups", R"({"name":""})").status, 400);
  EXPECT_EQ(Ask("admin", "POST", "/api/users/groups", R"({"name":" "})").status, 422);
  EXPECT_EQ(Ask("admin", "DELETE", "/api/users/groups/dba").status, 204);
  EXPECT_EQ(AskJson("ben", "GET", "/api/users/ann@example.test")["groups"], json::array());
  EXPECT_EQ(Message(Ask("admin", "DELETE", "/api/users/groups/dba")), "group dba not found");
  EXPECT_EQ(Ask("admin", "DELETE", "/api/users/groups/admin").status, 422);
}

TEST_F(UserRoutesTest, OwnPasswordsChangeWithTheOldOne) {
  ASSERT_OK(accounts_.SetPassword("id-ann", "the old one"));
  const auto change = [this](const std::string& before, const std::string& after) {
    return Ask("ann", "PUT", "/api/users/self/password", json({{"old_password", before}, {"password", after}}).dump());
  };
  EXPECT_EQ(change("wrong", "the new one").status, 403);
  EXPECT_EQ(change("the old one", "short").status, 422);
  EXPECT_EQ(change("", "the new one").status, 400);
  const Response changed = change("the old one", "the new one");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.headers.at(0).first, "Token");
  EXPECT_OK(accounts_.Login("ann@example.test", "the new one"));
}

TEST_F(UserRoutesTest, AdministratorsSetForgottenPasswords) {
  const std::string path = "/api/users/ann@example.test/password";
  EXPECT_EQ(Ask("admin", "PUT", path, R"({"password":"short"})").status, 422);
  EXPECT_EQ(Ask("admin", "PUT", "/api/users/nobody/password", R"({"password":"long enough"})").status, 404);
  EXPECT_EQ(Ask("admin", "PUT", "/api/users/admin@example.test/password", R"({"password":"long enough"})").status, 422);
  EXPECT_EQ(Ask("admin", "PUT", path, R"({"password":"long enough"})").status, 204);
  EXPECT_OK(accounts_.Login("ann@example.test", "long enough"));
}

class ListedLog final : public LogSink {
 public:
  bool Wants(LogLevel) const override { return true; }
  void Write(LogLevel, std::string_view event, const std::vector<LogField>& fields) override {
    std::string line(event);
    for (const LogField& field : fields) line += fmt::format(" {}={}", field.key, field.value);
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

TEST(RefusedLogins, AreNamedAFewAtATimeAndCounted) {
  ListedLog log;
  ManualClock clock;
  RefusedLogins refused(Log(&log), clock);
  for (int i = 0; i < limits::kLoginLinesMax + 5; ++i) refused.Note("ann@example.test", "127.0.0.1", "wrong");
  ASSERT_EQ(log.lines.size(), static_cast<size_t>(limits::kLoginLinesMax));
  EXPECT_EQ(log.lines[0], "sign-in refused email=ann@example.test peer=127.0.0.1 reason=wrong unsaid_before=0");
  clock.Advance(limits::kLoginLinesTime);
  refused.Note(std::string(10000, 'x'), "127.0.0.1", "wrong");
  ASSERT_EQ(log.lines.size(), limits::kLoginLinesMax + 1u);
  EXPECT_NE(log.lines.back().find("unsaid_before=5"), std::string::npos);
  EXPECT_LT(log.lines.back().size(), 500u);
}

TEST_F(UserRoutesTest, ARefusedSignInIsSaidWithoutThePassword) {
  ListedLog log;
  ApiParts parts = Parts();
  parts.log = Log(&log);
  parts.info = {};
  Api api(parts);
  const auto match = api.Match("POST", "/api/localauth/login");
  const std::string body = R"({"email":"ann@example.test","password":"canary"})";
  EXPECT_EQ(std::get<Response>(api.Run(*match->route, "", body, {.peer = "::1"})).status, 401);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("email=ann@example.test peer=::1"), std::string::npos);
  EXPECT_EQ(log.lines[0].find("canary"), std::string::npos);
}

}  // namespace
}  // namespace hoop::rest

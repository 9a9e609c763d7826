// Connections through the API: who sees which, what is taken, kept and refused.
#include "base/encoding.h"
#include "base/limits/http.h"
#include "identity/agent_keys.h"
#include "rest/json.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

class ConnectionRoutesTest : public RestTest {
 protected:
  std::string MinimalConnection(const std::string& name, const std::string& more = "") {
    return fmt::format(R"({{"name":"{}","type":"custom","agent_id":"a1"{}}})", name, more);
  }
  json New(const std::string& name, const std::string& more = "") {
    return AskJson("admin", "POST", "/api/connections", MinimalConnection(name, more));
  }
  // The names in the list for `query`, in one text.
  std::string Listed(const std::string& query, const std::string& who = "admin") {
    std::string names;
    for (const json& connection : AskJson(who, "GET", "/api/connections?" + query)) {
      names += connection["name"].get<std::string>() + " ";
    }
    return names;
  }
  ConnectionRow Stored(const std::string& name) { return *store_->connections().Find(store_.org_id(), name); }
};

TEST_F(ConnectionRoutesTest, SecretsComeInAndNeverGoOut) {
  const std::string body = MinimalConnection("db1", R"(,"secret":{"envvar:PASS":"c2VjcmV0"},"record":"buffered")");
  for (const Response& response :
       {Ask("admin", "POST", "/api/connections", body), Ask("admin", "GET", "/api/connections/db1"),
        Ask("admin", "GET", "/api/connections"), Ask("ben", "GET", "/api/connections/db1")}) {
    EXPECT_LT(response.status, 300);
    EXPECT_NE(response.body.find(R"("secret":{"envvar:PASS":null})"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find(R"("record":"buffered")"), std::string::npos);
    EXPECT_EQ(response.body.find("c2VjcmV0"), std::string::npos);
    EXPECT_EQ(response.body.find("secret\"}"), std::string::npos);
  }
  EXPECT_EQ(store_->connections().Find(store_.org_id(), "db1")->secrets.at("envvar:PASS"), "c2VjcmV0");
}

TEST_F(ConnectionRoutesTest, ConnectionsAreCheckedBeforeTheyAreStored) {
  const auto refused = [this](const std::string& more) {
    return Ask("admin", "POST", "/api/connections", MinimalConnection("abc", more)).status;
  };
  EXPECT_EQ(refused(R"(,"secret":{"envvar:X":"!"})"), 422);
  EXPECT_EQ(refused(R"(,"secret":{"X":"YQ=="})"), 422);
  EXPECT_EQ(refused(R"(,"secret":{"envvar:X":null})"), 422);
  EXPECT_EQ(refused(R"(,"secret":{"envvar:X":[]})"), 400);
  EXPECT_EQ(refused(R"(,"secret":[])"), 400);
  EXPECT_EQ(refused(R"(,"record":"sometimes")"), 422);
  EXPECT_EQ(refused(R"(,"tags":["a b"])"), 422);
  EXPECT_EQ(refused(R"(,"attributes":["a\"b"])"), 422);
  EXPECT_EQ(refused(R"(,"access_groups":[""])"), 422);
  EXPECT_EQ(refused(R"(,"access_groups":"dba")"), 400);
  EXPECT_EQ(refused(R"(,"subtype":")" + std::string(65, 's') + R"(")"), 422);
  EXPECT_EQ(refused(R"(,"access_mode_exec":"maybe")"), 422);
  EXPECT_EQ(refused(R"(,"command":"bash")"), 400);
  EXPECT_EQ(refused(R"(,"command":[1])"), 400);
  EXPECT_EQ(refused(R"(,"min_review_approvals":0)"), 422);
  EXPECT_EQ(refused(R"(,"access_max_duration":0)"), 422);
  EXPECT_EQ(refused(R"(,"min_review_approvals":1.5)"), 400);
  EXPECT_EQ(refused(R"(,"access_max_duration":99999999999)"), 400);
  EXPECT_EQ(refused(R"(,"connection_tags":{"a":"1.2"})"), 422);
  EXPECT_EQ(Ask("admin", "POST", "/api/connections", R"({"name":"abc","type":"x","agent_id":"a"})").status, 422);
  EXPECT_EQ(Ask("admin", "POST", "/api/connections", R"({"name":"abc","type":"custom"})").status, 400);
  EXPECT_EQ(AskJson("admin", "GET", "/api/connections").size(), 0u);
  EXPECT_EQ(refused(""), 201);
  EXPECT_EQ(refused(""), 409);
}

TEST_F(ConnectionRoutesTest, AConnectionOfOtherGroupsIsUnknown) {
  const std::string id =
      AskJson("admin", "POST", "/api/connections", MinimalConnection("dba-only", R"(,"access_groups":["dba"])"))["id"];
  AskJson("admin", "POST", "/api/connections", MinimalConnection("everybody"));
  EXPECT_EQ(AskJson("ann", "GET", "/api/connections").size(), 2u);
  EXPECT_EQ(AskJson("ben", "GET", "/api/connections").size(), 1u);
  EXPECT_EQ(AskJson("auditor", "GET", "/api/connections").size(), 2u);
  EXPECT_EQ(Ask("ann", "GET", "/api/connections/dba-only").status, 200);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/dba-only").status, 404);
  EXPECT_EQ(Ask("ben", "GET", "/api/connections/" + id).status, 404);
  EXPECT_EQ(Ask("stranger", "GET", "/api/connections/everybody").status, 404);
  EXPECT_EQ(AskJson("admin", "GET", "/api/connections?page=2&page_size=1")["pages"]["total"], 2);
  EXPECT_EQ(Ask("admin", "GET", "/api/connections?page_size=101").status, 422);
}

TEST_F(ConnectionRoutesTest, PutReplacesEverythingButNameIdAndWhatOthersDoNotKnow) {
  const json made =
      New("db1", R"(,"subtype":"x","command":["sh"],"secret":{"envvar:A":"YQ=="},"record":"buffered","tags":["t"],)"
                 R"("access_groups":["dba"],"access_mode_exec":"disabled","min_review_approvals":2)");
  clock_.Advance(absl::Seconds(1));
  const json put = AskJson("admin", "PUT", "/api/connections/db1",
                           R"({"name":"another","type":"application","subtype":"tcp","agent_id":"a2","command":null})");
  EXPECT_EQ(put["id"], made["id"]);
  EXPECT_EQ(put["name"], "db1");
  EXPECT_EQ(put["type"], "application");
  EXPECT_EQ(put["agent_id"], "a2");
  EXPECT_EQ(put["command"], json());
  EXPECT_EQ(put["tags"], json::array());
  EXPECT_EQ(put["access_mode_exec"], "enabled");
  EXPECT_EQ(put["min_review_approvals"], json());
  EXPECT_EQ(put["record"], "buffered");
  EXPECT_EQ(put["access_groups"], json({"dba"}));
  EXPECT_EQ(put["secret"], json({{"envvar:A", nullptr}}));
  EXPECT_EQ(put["secrets_updated_at"], made["secrets_updated_at"]);
  EXPECT_EQ(AskJson("ann", "GET", "/api/connections/" + made["id"].get<std::string>())["type"], "application");
  EXPECT_EQ(Ask("admin", "PUT", "/api/connections/nosuch", MinimalConnection("nosuch")).status, 404);
  EXPECT_EQ(Ask("admin", "PUT", "/api/connections/db1", R"({"type":"custom"})").status, 400);
  EXPECT_EQ(Ask("admin", "PUT", "/api/connections/db1", R"({"agent_id":"a1"})").status, 400);
}

TEST_F(ConnectionRoutesTest, PatchReplacesWhatItNames) {
  New("db1", R"(,"command":["sh"],"tags":["t"],"connection_tags":{"env":"test"},"access_mode_exec":"disabled")");
  const json patched = AskJson("admin", "PATCH", "/api/connections/db1",
                               R"({"tags":["a"],"access_groups":["dba"],"access_mode_connect":"disabled"})");
  EXPECT_EQ(patched["tags"], json({"a"}));
  EXPECT_EQ(patched["command"], json({"sh"}));
  EXPECT_EQ(patched["connection_tags"], json({{"env", "test"}}));
  EXPECT_EQ(patched["access_mode_exec"], "disabled");
  EXPECT_EQ(patched["access_mode_connect"], "disabled");
  EXPECT_EQ(patched["access_groups"], json({"dba"}));
  EXPECT_EQ(Listed("", "ben"), "");
  EXPECT_EQ(AskJson("admin", "PATCH", "/api/connections/db1", R"({"access_groups":null})")["access_groups"],
            json::array());
  EXPECT_EQ(Listed("", "ben"), "db1 ");
  EXPECT_EQ(Ask("admin", "PATCH", "/api/connections/db1", R"({"agent_id":""})").status, 400);
  EXPECT_EQ(Ask("admin", "PATCH", "/api/connections/db1", R"({"type":"nosuch"})").status, 422);
  EXPECT_EQ(Ask("admin", "PATCH", "/api/connections/nosuch", "{}").status, 404);
}

TEST_F(ConnectionRoutesTest, NullKeepsASecretAndAbsenceDropsIt) {
  New("db1", R"(,"secret":{"envvar:A":"YQ==","envvar:B":"Yg==","filesystem:C":"Yw=="})");
  clock_.Advance(absl::Seconds(1));
  const std::string path = "/api/connections/db1";
  const json patched =
      AskJson("admin", "PATCH", path, R"({"secret":{"envvar:A":null,"envvar:B":"YmI=","envvar:D":"ZA=="}})");
  using Secrets = std::map<std::string, std::string>;
  EXPECT_EQ(Stored("db1").secrets, (Secrets{{"envvar:A", "YQ=="}, {"envvar:B", "YmI="}, {"envvar:D", "ZA=="}}));
  EXPECT_EQ(patched["secrets_updated_at"], TimeText(clock_.Now()));
  // What GET answered may be sent back.
  const json shown = AskJson("admin", "GET", path);
  EXPECT_EQ(Ask("admin", "PUT", path, shown.dump()).status, 200);
  EXPECT_EQ(Stored("db1").secrets.at("envvar:B"), "YmI=");
  const Response refused = Ask("admin", "PATCH", path, R"({"secret":{"envvar:X":null}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("envvar:X"), std::string::npos);
  EXPECT_EQ(Ask("admin", "PUT", path, MinimalConnection("db1", R"(,"secret":{})")).status, 200);
  EXPECT_EQ(Stored("db1").secrets, Secrets());
}

TEST_F(ConnectionRoutesTest, WhatAnAgentManagesIsNotChangedHere) {
  New("db1");
  ConnectionRow row = Stored("db1");
  row.managed_by = "hoopagent";
  ASSERT_OK(store_->connections().Update(row));
  EXPECT_EQ(Ask("admin", "PUT", "/api/connections/db1", MinimalConnection("db1")).status, 400);
  EXPECT_EQ(Ask("admin", "PATCH", "/api/connections/db1", "{}").status, 400);
}

TEST_F(ConnectionRoutesTest, WhoBroughtADeletedConnectionAlongIsDisconnected) {
  New("db1");
  New("db2");
  ConnectionRow row = Stored("db1");
  row.managed_by = "hoopagent";
  ASSERT_OK(store_->connections().Update(row));
  EXPECT_EQ(Ask("admin", "DELETE", "/api/connections/db1").status, 204);
  EXPECT_EQ(presence_.disconnected, std::vector<std::string>{RouteOf(row)});
  EXPECT_EQ(Ask("admin", "DELETE", "/api/connections/db2").status, 204);
  EXPECT_EQ(presence_.disconnected.size(), 1u) << "an agent has other connections";
}

TEST_F(ConnectionRoutesTest, ADeletedConnectionIsGoneWithItsSessions) {
  const std::string id = New("db1")["id"];
  EXPECT_EQ(Ask("admin", "DELETE", "/api/connections/" + id).status, 404);  // by name only
  EXPECT_TRUE(control_.ended.empty());
  EXPECT_EQ(Ask("admin", "DELETE", "/api/connections/db1").status, 204);
  EXPECT_EQ(control_.ended, std::vector<std::string>{"db1: connection was deleted"});
  EXPECT_EQ(Ask("admin", "GET", "/api/connections/db1").status, 404);
  EXPECT_EQ(Ask("admin", "DELETE", "/api/connections/db1").status, 404);
}

TEST_F(ConnectionRoutesTest, AListIsNarrowed) {
  const std::string one = New("one", R"(,"tags":["old","x-1"],"connection_tags":{"env":"prod","team":"a/b"})")["id"];
  const std::string two = New("two", R"(,"tags":["Old"],"connection_tags":{"env":"test"},"attributes":["pii"])")["id"];
  New("three", R"(,"resource_name":"res","subtype":"odd-one","connection_tags":{"prod":"env"})");
  EXPECT_EQ(Listed("tags=old"), "one ");
  EXPECT_EQ(Listed("tags=old,x-1"), "one ");
  EXPECT_EQ(Listed("tags=old,Old"), "");
  EXPECT_EQ(Listed("attribute=pii"), "two ");
  EXPECT_EQ(Listed("tag_selector=env%3Dprod"), "one ");
  EXPECT_EQ(Listed("tag_selector=env!%3Dprod"), "three two ");
  EXPECT_EQ(Listed("tag_selector=env%3Dprod,team%3Da/b"), "one ");
  EXPECT_EQ(Listed("tag_selector=env%3Dprod,team!%3Da/b"), "");
  EXPECT_EQ(Listed("connection_ids=" + one + "," + two), "one two ");
  EXPECT_EQ(Listed("resource_name=res"), "three ");
  EXPECT_EQ(Listed("subtype=odd-one"), "three ");
  EXPECT_EQ(Listed("name=two"), "two ");
  EXPECT_EQ(Listed("search=T"), "one three two ");  // part of the type, too
  EXPECT_EQ(Listed("agent_id=a2"), "");
  EXPECT_EQ(AskJson("admin", "GET", "/api/connections?tag_selector=env!%3Dprod&page=2&page_size=1")["data"][0]["name"],
            "two");
  for (const char* bad :
       {"type=a%20b", "tags=a--b", "attribute=!", "agent_id=.a", "managed_by=a.", "subtype=a/b", "tag_selector=env",
        "tag_selector=env%3D1.2", "tag_selector=%3Da", "connection_ids=one", "page=0", "page_size=0", "page=x"}) {
    EXPECT_EQ(Ask("admin", "GET", std::string("/api/connections?") + bad).status, 422) << bad;
  }
  std::string many = "old";
  for (size_t i = 0; i < limits::kRestFilterItemsMax; ++i) many += ",old";
  EXPECT_EQ(Ask("admin", "GET", "/api/connections?tags=" + many).status, 422);
}

TEST_F(ConnectionRoutesTest, TagsAreThoseOfWhatOneSees) {
  New("one", R"(,"connection_tags":{"env":"prod"},"access_groups":["dba"])");
  New("two", R"(,"connection_tags":{"env":"test"})");
  New("three", R"(,"connection_tags":{"env":"test"})");
  EXPECT_EQ(AskJson("ann", "GET", "/api/connection-tags")["items"].size(), 2u);
  const json items = AskJson("ben", "GET", "/api/connection-tags")["items"];
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0]["key"], "env");
  EXPECT_EQ(items[0]["value"], "test");
}

TEST_F(ConnectionRoutesTest, DefaultsFollowTheProtocol) {
  const auto made = [this](const std::string& name, const std::string& subtype, const std::string& more = "") {
    const std::string body =
        R"({"name":")" + name + R"(","type":"database","agent_id":"a1","subtype":")" + subtype + '"';
    return AskJson("admin", "POST", "/api/connections", body + more + "}");
  };
  EXPECT_EQ(made("pg1", "postgres")["command"][0], "psql");
  EXPECT_EQ(made("pg2", "postgres", R"(,"command":["cat"])")["command"], json({"cat"}));
  EXPECT_EQ(made("pg3", "postgres")["access_schema"], "enabled");
  EXPECT_EQ(made("ms1", "mssql")["secret"], json({{"envvar:INSECURE", nullptr}}));
  EXPECT_EQ(Stored("ms1").secrets.at("envvar:INSECURE"), Base64Encode("false"));
  EXPECT_EQ(made("mo1", "mongodb")["command"][2], "$CONNECTION_STRING");
  EXPECT_EQ(made("mo2", "mongodb", R"(,"secret":{"envvar:HOST":"aA=="})")["command"][2],
            "mongodb://$USER:$PASS@$HOST:$PORT/?$OPTIONS");
  EXPECT_EQ(Stored("mo2").secrets.at("envvar:PORT"), Base64Encode("27017"));
}

TEST_F(ConnectionRoutesTest, ValuesThatAProtocolCannotUseAreRefused) {
  const auto status = [this](const std::string& type, const std::string& name, const std::string& value) {
    static int number = 0;
    return Ask("admin", "POST", "/api/connections",
               fmt::format(R"({{"name":"con-{}","agent_id":"a1",{},"secret":{{"envvar:{}":"{}"}}}})", ++number, type,
                           name, Base64Encode(value)))
        .status;
  };
  const std::string pg = R"("type":"database","subtype":"postgres")", tcp = R"("type":"application","subtype":"tcp")";
  const std::string http = R"("type":"httpproxy")", shell = R"("type":"custom")";
  for (const char* bad : {"0", "65536", "-1", "54x", "5 4", "port"}) {
    EXPECT_EQ(status(pg, "PORT", bad), 422) << bad;
    EXPECT_EQ(status(tcp, "PORT", bad), 422) << bad;
    EXPECT_EQ(status(shell, "PORT", bad), 201) << bad;
  }
  for (const char* good : {"1", "65535", "", "_aws:db:PORT", "system.agent.envs"}) {
    EXPECT_EQ(status(pg, "PORT", good), 201) << good;
  }
  EXPECT_EQ(status(pg, "SSLMODE", "verify-full"), 201);
  EXPECT_EQ(status(pg, "SSLMODE", "on"), 422);
  EXPECT_EQ(status(http, "REMOTE_URL", "https://a.test"), 201);
  EXPECT_EQ(status(http, "REMOTE_URL", "a.test"), 422);
  EXPECT_EQ(status(R"("type":"database","subtype":"nosuch")", "HOST", "h"), 422);
  EXPECT_EQ(status(R"("type":"database")", "HOST", "h"), 422);
  EXPECT_EQ(status(R"("type":"postgres")", "PORT", "x"), 422);
}

}  // namespace
}  // namespace hoop::rest

#include "rest/api.h"

#include <type_traits>

#include "audit/session_head_json.h"
#include "base/ids.h"
#include "base/limits/http.h"
#include "rest/json.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

// A row without a rule (or without any other part) does not compile.
static_assert(!std::is_default_constructible_v<Route>);
static_assert(!std::is_constructible_v<Route, std::string, std::string, size_t, Lane, RouteFunction>);

std::string Typed(char type, const std::string& body) {
  const uint32_t length = static_cast<uint32_t>(body.size()) + 4;
  std::string message(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(length >> shift & 0xff);
  return message + body;
}

class ApiTest : public RestTest {
 protected:
  // A postgres session in which "select <n>" ran for each n below `count`.
  SessionHead AddQueries(int number, int count) {
    SessionHead head = AddSession("ann", number, "postgres");
    Record(head, RecordKind::kInput, std::string("\0\0\0\x11\0\3\0\0user\0a\0\0", 17), "000001");
    Record(head, RecordKind::kOutput, Typed('R', std::string(4, '\0')) + Typed('Z', "I"), "000001");
    for (int i = 0; i < count; ++i) {
      Record(head, RecordKind::kInput, Typed('Q', fmt::format("select {}", i) + '\0'), "000001", absl::Seconds(i));
      Record(head, RecordKind::kOutput, Typed('C', std::string("SELECT 1\0", 9)) + Typed('Z', "I"), "000001",
             absl::Seconds(i) + absl::Milliseconds(5));
    }
    return head;
  }
};

TEST_F(ApiTest, AllowKnowsEveryRuleAndRole) {
  const Identity user, auditor{.is_auditor = true}, admin{.is_admin = true}, both{.is_admin = true, .is_auditor = true};
  EXPECT_STATUS(Allow(Rule::kAuditor, &user), absl::StatusCode::kPermissionDenied, "access denied");
  EXPECT_OK(Allow(Rule::kAuditor, &auditor));
  EXPECT_STATUS(Allow(Rule::kMember, &auditor), absl::StatusCode::kPermissionDenied, "");
  EXPECT_STATUS(Allow(Rule::kAdmin, &auditor), absl::StatusCode::kPermissionDenied, "");
  EXPECT_OK(Allow(Rule::kMember, &both));
  EXPECT_OK(Allow(Rule::kAdmin, &admin));
  EXPECT_STATUS(Allow(Rule::kReader, nullptr), absl::StatusCode::kUnauthenticated, "");
}

TEST_F(ApiTest, AnIssuerThatIsDownIsNotAWrongToken) { EXPECT_EQ(Ask("down", "GET", "/api/userinfo").status, 503); }

TEST_F(ApiTest, UnknownPathsAndMethodsAreNotFound) {
  for (const char* path : {"/api/nosuch", "/", "/api", "/api/", "/apiagents", "/api/agents/x/y", "/API/agents"}) {
    EXPECT_EQ(Ask("admin", "GET", path).status, 404) << path;
  }
  EXPECT_EQ(Ask("admin", "PATCH", "/api/agents").status, 404);
  EXPECT_EQ(Ask("admin", "GET", "/api/agents/..%2f..").status, 400);
  EXPECT_EQ(Ask("admin", "GET", "/api/agents/../connections").status, 400);
  EXPECT_EQ(Ask("admin", "GET", "/api/sessions/%00").status, 400);
}

TEST_F(ApiTest, ServesBelowTheBasePathOfItsUrl) {
  ApiParts parts = Parts();
  parts.info = {.api_url = "https://a.test/hoop/", .grpc_url = "grpc://a:1"};
  Api api(parts);
  EXPECT_NE(api.Match("GET", "/hoop/api/healthz")->route, nullptr);
  EXPECT_EQ(api.Match("GET", "/api/healthz")->route, nullptr);
}

TEST_F(ApiTest, LoginGivesATokenThatTheVerifierTakes) {
  ASSERT_OK(accounts_.EnsureAdmin("admin@example.test", "secret", "Admin"));
  const Response response =
      Ask("", "POST", "/api/localauth/login", R"({"email":"admin@example.test","password":"secret"})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers[0].first, "Token");
  EXPECT_OK(signer_.Verify(response.headers[0].second, clock_.Now()));
  EXPECT_EQ(Ask("", "POST", "/api/localauth/login", R"({"email":"admin@example.test","password":"x"})").status, 401);
  EXPECT_EQ(Ask("", "POST", "/api/localauth/login", R"({"email":"no@example.test","password":"x"})").status, 401);
  EXPECT_EQ(Ask("", "POST", "/api/localauth/login", R"({"email":"no@example.test"})").status, 400);
}

TEST_F(ApiTest, BadBodiesAreRefusedWithOneClearMessage) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  for (const std::string& body :
       {std::string(), std::string("{"), std::string("nope"), std::string("[]"), std::string("\"x\""),
        std::string("{\"name\":3}"), std::string("{\"name\":[]}"), std::string("{\"name\":\"\\u0000abc\"}"),
        std::string("{\"name\":\"\xff\xfe\"}"), "{\"name\":" + deep + "}"}) {
    const Response response = Ask("admin", "POST", "/api/agents", body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 40);
    EXPECT_TRUE(json::parse(response.body)["message"].is_string());
  }
}

TEST_F(ApiTest, AgentsAreMadeListedAndDeleted) {
  const std::string dsn = AskJson("admin", "POST", "/api/agents", R"({"name":"ag1"})")["token"];
  EXPECT_EQ(dsn.find("grpc://ag1:xagt-"), 0u);
  EXPECT_NE(dsn.find("@127.0.0.1:8010?mode=standard"), std::string::npos);
  EXPECT_OK(AgentVerifier(store_->agents()).Verify(dsn));
  EXPECT_EQ(Ask("admin", "POST", "/api/agents", R"({"name":"ag1"})").status, 409);
  EXPECT_EQ(Ask("admin", "POST", "/api/agents", R"({"name":"a/g"})").status, 422);
  EXPECT_EQ(Ask("admin", "POST", "/api/agents", R"({"name":"ag2","mode":"x"})").status, 422);

  const json agent = AskJson("ben", "GET", "/api/agents/ag1");
  EXPECT_EQ(agent["status"], "DISCONNECTED");
  EXPECT_EQ(agent["token"], "");
  const std::string id = agent["id"];
  presence_.online = {id};
  EXPECT_EQ(AskJson("ben", "GET", "/api/agents/" + id)["status"], "CONNECTED");
  EXPECT_EQ(AskJson("ben", "GET", "/api/agents?status=DISCONNECTED").size(), 0u);
  EXPECT_EQ(AskJson("ben", "GET", "/api/agents?status=CONNECTED").size(), 1u);

  EXPECT_EQ(Ask("admin", "DELETE", "/api/agents/ag1").status, 204);
  EXPECT_EQ(presence_.disconnected, std::vector<std::string>{id});
  EXPECT_EQ(Ask("admin", "DELETE", "/api/agents/ag1").status, 204);
  EXPECT_EQ(Ask("ben", "GET", "/api/agents/ag1").status, 404);
}

TEST_F(ApiTest, ASessionOfSomebodyElseIsUnknown) {
  const SessionHead head = AddSession("ann", 1);
  const std::string path = "/api/sessions/" + head.session_id;
  for (const char* who : {"ben", "stranger"}) {
    for (const char* what : {"", "/record", "/statements"}) EXPECT_EQ(Ask(who, "GET", path + what).status, 404) << who;
    EXPECT_EQ(Ask(who, "POST", path + "/kill").status, 404);
    EXPECT_EQ(AskJson(who, "GET", "/api/sessions")["data"].size(), 0u);
  }
  for (const char* who : {"ann", "auditor", "admin"}) {
    EXPECT_EQ(AskJson(who, "GET", path)["user_id"], "ann@example.test");
    EXPECT_EQ(AskJson(who, "GET", "/api/sessions")["total"], 1);
  }
  EXPECT_TRUE(control_.killed.empty());
  EXPECT_EQ(Ask("admin", "GET", "/api/sessions/nosuch").status, 404);
}

TEST_F(ApiTest, SessionsAreListedInPages) {
  for (int i = 1; i <= 5; ++i) AddSession(i % 2 == 0 ? "ann" : "ben", i);
  const json page = AskJson("admin", "GET", "/api/sessions?limit=2&offset=1");
  EXPECT_EQ(page["data"].size(), 2u);
  EXPECT_EQ(page["data"][0]["id"], "00000000-0000-4000-8000-000000000004");
  EXPECT_EQ(page["total"], 5);
  EXPECT_EQ(page["has_next_page"], true);
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?limit=2&offset=3")["has_next_page"], false);
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?user=ann%25")["total"], 2);
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?connection=nosuch")["total"], 0);
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?type=cus%25")["total"], 5);
  EXPECT_TRUE(AskJson("admin", "GET", "/api/sessions?count=none")["total"].is_null());
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?count=exact")["total"], 5);
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?limit=500")["data"].size(), 5u);
  const std::string third = TimeText(clock_.Now() + absl::Seconds(3));
  EXPECT_EQ(AskJson("admin", "GET", "/api/sessions?end_date=" + third)["total"], 2);
  for (const char* bad : {"limit=x", "limit=0", "offset=-1", "offset=10001", "count=some", "start_date=yesterday"}) {
    EXPECT_EQ(Ask("admin", "GET", std::string("/api/sessions?") + bad).status, 422) << bad;
  }
}

TEST_F(ApiTest, TheEventStreamHasTheShapeOf2026) {
  const SessionHead head = AddSession("ann", 1);
  Record(head, RecordKind::kInput, "ls");
  Record(head, RecordKind::kOutput, "out\xff", "0", absl::Milliseconds(500));
  Record(head, RecordKind::kErrorOutput, "err", "0", absl::Milliseconds(500));
  End(head, 2, "failed executing command, reason=exit status 2");
  const std::string path = "/api/sessions/" + head.session_id;

  const json plain = AskJson("ann", "GET", path);
  EXPECT_EQ(plain["script"]["data"], "ls");
  EXPECT_FALSE(plain.contains("event_stream"));
  EXPECT_EQ(plain["status"], "done");
  EXPECT_EQ(plain["exit_code"], 2);

  const json events = AskJson("ann", "GET", path + "?expand=event_stream")["event_stream"];
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0], json::parse(R"([0.0, "i", "bHM="])"));
  EXPECT_EQ(events[1][0], 0.5);
  EXPECT_EQ(events[2][1], "o");
  EXPECT_EQ(events[3][1], "e");
  EXPECT_EQ(AskJson("ann", "GET", path + "?expand=event_stream")["script"]["data"], "");

  const json text = AskJson("ann", "GET", path + "?expand=event_stream,session_input&event_stream=utf8");
  EXPECT_EQ(text["event_stream"][0],
            "out\xef\xbf\xbd"
            "errfailed executing command, reason=exit status 2");
  EXPECT_EQ(text["script"]["data"], "ls");
  EXPECT_EQ(AskJson("ann", "GET", path + "?expand=event_stream&event_stream=base64")["event_stream"].size(), 1u);
  EXPECT_EQ(Ask("ann", "GET", path + "?expand=event_stream&event_stream=xml").status, 422);
}

TEST_F(ApiTest, AnExecShowsWhatItWasGiven) {
  SessionHead head = AddSession("ann", 1);
  const std::string path = "/api/sessions/" + head.session_id;
  Record(head, RecordKind::kOpen, SessionHeadToJson(head));
  EXPECT_FALSE(AskJson("ann", "GET", path).contains("client_args"));
  EXPECT_FALSE(AskJson("ann", "GET", path).contains("env_vars"));
  audit_.records.clear();
  head.client_args = {"-c", "select 1"};
  head.client_env = {{"envvar:SCRIPT", "bHM="}};
  Record(head, RecordKind::kGiven, SessionGivenToJson(head));
  EXPECT_EQ(AskJson("ann", "GET", path)["env_vars"], json::parse(R"({"envvar:SCRIPT": "bHM="})"));
  EXPECT_EQ(AskJson("ann", "GET", path)["client_args"], json::parse(R"(["-c", "select 1"])"));
  EXPECT_FALSE(AskJson("ann", "GET", path + "?expand=event_stream").contains("client_args"));
}

TEST_F(ApiTest, WhatIsNoExecShowsWhatItBeganWithAndNoInput) {
  SessionHead head = AddSession("ann", 1, "postgres");
  ASSERT_EQ(head.verb, "connect");
  head.client_args = {"-l"};
  head.client_env = {{"envvar:TERM", "dnQ="}};
  Record(head, RecordKind::kGiven, SessionGivenToJson(head));
  Record(head, RecordKind::kInput, "typed");
  const json session = AskJson("ann", "GET", "/api/sessions/" + head.session_id);
  EXPECT_EQ(session["client_args"], json::parse(R"(["-l"])"));
  EXPECT_EQ(session["env_vars"], json::parse(R"({"envvar:TERM": "dnQ="})"));
  EXPECT_EQ(session["script"]["data"], "");
}

TEST_F(ApiTest, TheEventStreamIsBounded) {
  const SessionHead head = AddSession("ann", 1);
  for (int i = 0; i < 40; ++i) Record(head, RecordKind::kOutput, std::string(limits::kMiB, 'x'));
  const json session = AskJson("ann", "GET", "/api/sessions/" + head.session_id + "?expand=event_stream");
  EXPECT_EQ(session["event_stream"].size(), limits::kRestEventStreamBytesMax / limits::kMiB);
  EXPECT_EQ(session["metrics"]["truncated"], true);
  EXPECT_LT(audit_.entries_read, 20u);
}

TEST_F(ApiTest, OutputOfNativeProtocolsStaysOutOfTheEventStream) {
  const SessionHead head = AddQueries(1, 2);
  const std::string path = "/api/sessions/" + head.session_id + "?expand=event_stream";
  const json events = AskJson("ann", "GET", path)["event_stream"];
  EXPECT_EQ(events.size(), 3u);
  for (const json& event : events) EXPECT_EQ(event[1], "i");
  const json queries = AskJson("ann", "GET", path + "&event_stream=raw-queries")["event_stream"];
  ASSERT_EQ(queries.size(), 2u);
  EXPECT_EQ(queries[1][2], Base64Encode("select 1"));
}

TEST_F(ApiTest, StatementsComeInPages) {
  const SessionHead head = AddQueries(1, 25);
  const std::string path = "/api/sessions/" + head.session_id + "/statements";
  std::string cursor;
  std::vector<std::string> texts;
  int pages = 0;
  do {
    const json page = AskJson("ann", "GET", path + "?limit=10&cursor=" + cursor);
    for (const json& statement : page["data"]) texts.push_back(statement["sql"]);
    cursor = page["next_cursor"];
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(texts.size(), 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(texts[static_cast<size_t>(i)], fmt::format("select {}", i));
  const json first = AskJson("ann", "GET", path)["data"][0];
  EXPECT_EQ(first["kind"], "simple");
  EXPECT_EQ(first["outcome"], "done");
  EXPECT_EQ(first["rows"], 1);
  EXPECT_EQ(first["duration_us"], 5000);
  EXPECT_EQ(first["connection_id"], "000001");
  EXPECT_TRUE(first["error"].is_null());
  for (const char* bad : {"?cursor=x", "?cursor=-1", "?limit=0", "?limit=100001"}) {
    EXPECT_EQ(Ask("ann", "GET", path + bad).status, 422) << bad;
  }
}

TEST_F(ApiTest, APageOfStatementsReadsNoFurtherThanItReaches) {
  const SessionHead head = AddQueries(1, 1000);
  EXPECT_EQ(AskJson("ann", "GET", "/api/sessions/" + head.session_id + "/statements?limit=1")["next_cursor"], "1");
  EXPECT_LE(audit_.entries_read, 8u);
}

TEST_F(ApiTest, StatementsWithoutAnAnswerAreToldOnceTheSessionIsSealed) {
  const SessionHead head = AddQueries(1, 1);
  Record(head, RecordKind::kInput, Typed('Q', std::string("select pg_sleep(9)\0", 19)), "000001");
  const std::string path = "/api/sessions/" + head.session_id + "/statements";
  EXPECT_EQ(AskJson("ann", "GET", path)["data"].size(), 1u);
  Record(head, RecordKind::kSeal, "{}", "");
  const json statements = AskJson("ann", "GET", path)["data"];
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[1]["outcome"], "unfinished");
}

TEST_F(ApiTest, BytesThatAreNotPostgresAreAProblemInTheAnswer) {
  const SessionHead head = AddSession("ann", 1, "postgres");
  Record(head, RecordKind::kInput, std::string(64, '\xff'), "000007");
  const json page = AskJson("ann", "GET", "/api/sessions/" + head.session_id + "/statements");
  EXPECT_EQ(page["data"].size(), 0u);
  ASSERT_EQ(page["problems"].size(), 1u);
  EXPECT_NE(page["problems"][0].get<std::string>().find("connection 000007"), std::string::npos);
}

TEST_F(ApiTest, TheRecordComesInPagesWithAnOpaqueCursor) {
  const SessionHead head = AddSession("ann", 1);
  for (int i = 0; i < 3; ++i) Record(head, RecordKind::kOutput, std::string(10, static_cast<char>('a' + i)));
  const std::string path = "/api/sessions/" + head.session_id + "/record";
  std::string bytes, cursor;
  int pages = 0;
  do {
    const Response page = Ask("ann", "GET", path + "?bytes=10&cursor=" + cursor);
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "application/octet-stream");
    bytes += page.body;
    cursor.clear();
    for (const auto& [name, value] : page.headers) {
      if (name == "Hoop-Next-Cursor") cursor = value;
      EXPECT_TRUE(name != "Hoop-Audit-Key-Id" || value.size() == 16u);
      EXPECT_EQ(value.find('\r'), std::string::npos);
    }
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(bytes, "aaaaaaaaaabbbbbbbbbbcccccccccc");
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(Ask("ann", "GET", path + "?cursor=!!").status, 422);
  EXPECT_EQ(Ask("ann", "GET", path + "?cursor=YWJj").status, 422);
  EXPECT_EQ(Ask("ann", "GET", path + "?bytes=0").status, 422);
  EXPECT_EQ(Ask("ann", "GET", path + "?bytes=999999999").status, 422);
}

TEST_F(ApiTest, TheAuditKeyHasTheIdOfTheRecord) {
  const json key = AskJson("ben", "GET", "/api/audit/key");
  EXPECT_EQ(key["public_key"], audit_.public_key());
  EXPECT_EQ(key["algorithm"], "ed25519");
  EXPECT_EQ(key["id"].get<std::string>().size(), 16u);
}

TEST_F(ApiTest, OwnersAndAdministratorsKill) {
  const SessionHead head = AddSession("ann", 1);
  const std::string path = "/api/sessions/" + head.session_id + "/kill";
  EXPECT_EQ(Ask("ann", "POST", path).status, 204);
  EXPECT_EQ(Ask("admin", "POST", path).status, 204);
  EXPECT_EQ(Ask("auditor", "POST", path).status, 403);
  EXPECT_EQ(control_.killed, (std::vector<std::string>{head.session_id + " by ann@example.test",
                                                       head.session_id + " by admin@example.test"}));
  control_.answer = NotFound("ended meanwhile");
  EXPECT_EQ(Ask("ann", "POST", path).status, 204);
  control_.answer = Unavailable("the loop is gone");
  EXPECT_EQ(Ask("ann", "POST", path).status, 503);
  End(head, 254, "killed");
  control_.killed.clear();
  EXPECT_EQ(Ask("ann", "POST", path).status, 204);
  EXPECT_TRUE(control_.killed.empty());
}

TEST_F(ApiTest, OnlyTheGatewayThatRunsASessionKillsIt) {
  SessionHead head = AddSession("ann", 1);
  head.session_id = NewUuid();
  ASSERT_OK(store_->sessions().Insert(head, {}, "journal of another gateway"));
  const std::string path = "/api/sessions/" + head.session_id + "/kill";
  control_.answer = NotFound("it does not run here");
  const Response refused = Ask("ann", "POST", path);
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.body.find("runs on another gateway"), std::string::npos) << refused.body;
  audit_.on_flush = [&] { End(head, 0, "ended meanwhile"); };
  EXPECT_EQ(Ask("ann", "POST", path).status, 204);
}

TEST_F(ApiTest, InternalErrorsKeepTheirWordsToThemselves) {
  const Response response = RefusalOf(Internal("database: disk image is malformed"));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, R"({"message":"internal error"})");
}

TEST_F(ApiTest, TheOrganizationsKeyIsShownToWhoMayAsk) {
  EXPECT_EQ(Ask("admin", "GET", "/api/orgs/keys").status, 404);
  const auto made = AskJson("admin", "POST", "/api/orgs/keys", "null");
  const std::string key = made["key"];
  EXPECT_EQ(key.find("grpc://_default:xagt-"), 0u);
  EXPECT_EQ(key.find('?'), std::string::npos);
  EXPECT_EQ(Ask("admin", "POST", "/api/orgs/keys").status, 409);
  EXPECT_EQ(AskJson("auditor", "GET", "/api/orgs/keys"), made);
  EXPECT_EQ(AskJson("admin", "GET", "/api/agents").size(), 0u);
  EXPECT_OK(agent_verifier_.Verify(key));
  EXPECT_EQ(Ask("admin", "DELETE", "/api/orgs/keys").status, 204);
  EXPECT_EQ(presence_.disconnected, std::vector<std::string>{made["id"]});
  EXPECT_EQ(Ask("admin", "DELETE", "/api/orgs/keys").status, 204);
  EXPECT_STATUS(agent_verifier_.Verify(key), absl::StatusCode::kUnauthenticated, "invalid authentication");
}

TEST_F(ApiTest, EmbeddedAgentsAskWhetherSomebodyWaits) {
  const std::string dsn = AskJson("admin", "POST", "/api/agents", R"({"name":"emb","mode":"embedded"})")["token"];
  const auto ask = [&](const char* body) { return Ask(dsn, "POST", "/api/connectionapps", body); };
  EXPECT_EQ(ask(R"({"connection":"","connection_items":null})").status, 204);
  EXPECT_EQ(presence_.asked, "emb []");
  presence_.awaited = true;
  const Response now = ask(R"({"connection":"","connection_items":["a","b"]})");
  EXPECT_EQ(now.status, 200);
  EXPECT_EQ(now.body, R"({"grpc_url":"grpc://127.0.0.1:8010"})");
  EXPECT_EQ(presence_.asked, "emb [a,b]");
  EXPECT_EQ(ask("[]").status, 400);
  EXPECT_EQ(ask(R"({"connection_items":"a"})").status, 400);
  presence_.awaited = InvalidArgument("connection items: longer than 255 characters");
  EXPECT_EQ(ask("{}").status, 422);
  // A user's token is none of an agent's, nor the other way round.
  EXPECT_EQ(Ask("admin", "POST", "/api/connectionapps", "{}").status, 401);
  EXPECT_EQ(Ask(dsn, "GET", "/api/agents").status, 401);
}

}  // namespace
}  // namespace hoop::rest

#include "hoop/api_client.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "base/encoding.h"
#include "base/limits/client.h"
#include "client/api_json.h"
#include "client/api_object_json.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

struct Answer {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
};

// A gateway's API by a table: method and target -> answer.
class ApiClientTest : public ::testing::Test {
 protected:
  ApiClientTest() {
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      authorization_ = request.get_header_value("Authorization");
      body_ = request.body;
      calls_.push_back(request.method + " " + request.target);
      const auto found = answers_.find(calls_.back());
      response.status = found == answers_.end() ? 404 : found->second.status;
      if (found == answers_.end()) return;
      for (const auto& [name, value] : found->second.headers) response.set_header(name.c_str(), value);
      response.set_content(found->second.body, "application/json");
    };
    server_.Get(".*", answer);
    server_.Post(".*", answer);
    server_.Put(".*", answer);
    server_.Patch(".*", answer);
    server_.Delete(".*", answer);
    const int port = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() does nothing to a server that has not begun: an answer shows that it has.
    httplib::Client("127.0.0.1", port).Get("/");
    calls_.clear();
    ClientConfig config{.token = "t", .api_url = "http://127.0.0.1:" + std::to_string(port) + "/base/"};
    api_ = *ApiClient::Create(config, "1.0");
  }
  ~ApiClientTest() override {
    api_.reset();
    server_.stop();
    thread_.join();
  }

  std::map<std::string, Answer> answers_;
  std::vector<std::string> calls_;
  std::string authorization_;
  std::string body_;
  httplib::Server server_;
  std::thread thread_;
  std::unique_ptr<ApiClient> api_;
};

TEST_F(ApiClientTest, LoginTakesTheTokenFromTheHeaderAndUsesIt) {
  answers_["POST /base/api/localauth/login"] = {.body = R"({"status":"ok"})", .headers = {{"Token", "fresh"}}};
  answers_["GET /base/api/serverinfo"] = {.body = R"({"grpc_url":"grpc://h:1"})"};
  EXPECT_EQ(api_->Login("a@b", "p\"w").value(), "fresh");
  EXPECT_EQ(body_, R"({"email":"a@b","password":"p\"w"})");
  EXPECT_EQ(api_->GrpcUrl().value(), "grpc://h:1");
  EXPECT_EQ(authorization_, "Bearer fresh");
}

TEST_F(ApiClientTest, TheFirstAccountTakesASetUpToken) {
  answers_["POST /base/api/localauth/register"] = {.status = 201, .headers = {{"Token", "first"}}};
  EXPECT_EQ(api_->Register("a@b", "p", "s").value(), "first");
  EXPECT_EQ(body_, R"({"email":"a@b","password":"p","setup_token":"s"})");
  (void)api_->Agents();
  EXPECT_EQ(authorization_, "Bearer first");
  answers_["POST /base/api/localauth/register"] = {.status = 403};
  EXPECT_STATUS(api_->Register("a@b", "p", "s"), absl::StatusCode::kPermissionDenied, "not the gateway's set-up token");
  answers_["POST /base/api/localauth/register"] = {.status = 201};
  EXPECT_STATUS(api_->Register("a@b", "p", "s"), absl::StatusCode::kInternal, "no token");
}

TEST_F(ApiClientTest, AReviewedCommandIsRunByTheGateway) {
  answers_["POST /base/api/sessions/s/exec"] = {
      .body = R"({"session_id":"s","output":"hi","output_status":"failed","exit_code":3,"truncated":true})"};
  const auto answer = api_->ExecReviewed("s");
  ASSERT_OK(answer);
  EXPECT_EQ(answer->output, "hi");
  EXPECT_EQ(answer->exit_code, 3);
  EXPECT_TRUE(answer->truncated);
  answers_["POST /base/api/sessions/s/exec"] = {
      .status = 202, .body = R"({"session_id":"s","output_status":"running","exit_code":-2})"};
  EXPECT_FALSE(api_->ExecReviewed("s")->exit_code.has_value());
  EXPECT_STATUS(api_->ExecReviewed("t"), absl::StatusCode::kNotFound, "session t not found");
}

TEST_F(ApiClientTest, WrongCredentialsAreOneError) {
  for (const int status : {401, 404}) {
    answers_["POST /base/api/localauth/login"] = {.status = status};
    EXPECT_STATUS(api_->Login("a", "b"), absl::StatusCode::kUnauthenticated, "wrong e-mail or password");
  }
  answers_["POST /base/api/localauth/login"] = {.body = "{}"};
  EXPECT_STATUS(api_->Login("a", "b"), absl::StatusCode::kInternal, "no token");
}

TEST_F(ApiClientTest, RefusalsKeepTheGatewaysWords) {
  const std::pair<int, absl::StatusCode> cases[] = {
      {400, absl::StatusCode::kInvalidArgument},  {401, absl::StatusCode::kUnauthenticated},
      {403, absl::StatusCode::kPermissionDenied}, {409, absl::StatusCode::kAlreadyExists},
      {422, absl::StatusCode::kInvalidArgument},  {429, absl::StatusCode::kResourceExhausted},
      {500, absl::StatusCode::kInternal},         {503, absl::StatusCode::kUnavailable},
      {302, absl::StatusCode::kInternal},
  };
  for (const auto& [status, code] : cases) {
    answers_["GET /base/api/agents"] = {.status = status, .body = R"({"message":"because"})"};
    EXPECT_STATUS(api_->Agents(), code, "GET /agents: " + std::to_string(status) + " because");
  }
  EXPECT_STATUS(api_->Connections(), absl::StatusCode::kNotFound, "GET /connections: 404");
}

TEST_F(ApiClientTest, AnUnknownSessionIsNamed) {
  const auto visit = [](const RecordEntry&) { return true; };
  EXPECT_STATUS(api_->Session("s9"), absl::StatusCode::kNotFound, "session s9 not found");
  EXPECT_STATUS(api_->KillSession("s9"), absl::StatusCode::kNotFound, "session s9 not found");
  EXPECT_STATUS(api_->Statements("s9", ""), absl::StatusCode::kNotFound, "session s9 not found");
  EXPECT_STATUS(api_->ReadRecord("s9", visit), absl::StatusCode::kNotFound, "session s9 not found");
}

TEST_F(ApiClientTest, ListsSessionsWithFilters) {
  answers_["GET /base/api/sessions?limit=5&offset=10&user=a%25"] = {
      .body = R"({"data":[{"id":"i","user":"u","exit_code":3,"event_size":7,"sealed":true,)"
              R"("start_date":"2026-01-02T03:04:05.123456789Z","end_date":null}],"total":null,"has_next_page":true})"};
  const auto list = api_->Sessions({.limit = 5, .offset = 10, .filters = {{"connection", ""}, {"user", "a%"}}});
  ASSERT_OK(list);
  ASSERT_EQ(list->sessions.size(), 1u);
  EXPECT_EQ(list->sessions[0].exit_code, 3);
  EXPECT_EQ(list->sessions[0].sealed, true);
  EXPECT_TRUE(list->sessions[0].started_at.has_value());
  EXPECT_FALSE(list->sessions[0].ended_at.has_value());
  EXPECT_FALSE(list->total.has_value());
  EXPECT_TRUE(list->has_next_page);
}

TEST_F(ApiClientTest, IdsCannotLeaveTheirPath) {
  EXPECT_STATUS(api_->Session("../users?x"), absl::StatusCode::kNotFound, "");
  EXPECT_EQ(calls_.back(), "GET /base/api/sessions/..%2Fusers%3Fx");
}

TEST_F(ApiClientTest, WhatIsThereOrMissingIsNamed) {
  answers_["POST /base/api/connections"] = {.status = 409, .body = R"({"message":"Connection already exists."})"};
  EXPECT_STATUS(api_->CreateConnection("db", {}), absl::StatusCode::kAlreadyExists, "connection db exists already");
  EXPECT_STATUS(api_->Connection("db"), absl::StatusCode::kNotFound, "connection db not found");
  EXPECT_STATUS(api_->GetJson("users", "user", "a@b"), absl::StatusCode::kNotFound, "user a@b not found");
  answers_["POST /base/api/users"] = {.status = 422, .body = R"({"message":"email: not an address"})"};
  EXPECT_STATUS(api_->CreateUser({.email = "x"}, ""), absl::StatusCode::kInvalidArgument,
                "user x: email: not an address");
  answers_["DELETE /base/api/users/a%40b"] = {.status = 500};
  EXPECT_STATUS(api_->DeleteUser("a@b"), absl::StatusCode::kInternal, "user a@b: the gateway answered 500");
}

TEST_F(ApiClientTest, ARouteThatTheGatewayDoesNotHaveIsNoMissingObject) {
  answers_["GET /base/api/users/a"] = {.status = 404, .body = "404 page not found"};
  EXPECT_STATUS(api_->User("a"), absl::StatusCode::kUnimplemented, "this gateway has no GET /users/a");
  answers_["GET /base/api/plugins"] = {.status = 404, .body = "404 page not found"};
  EXPECT_STATUS(api_->Plugins(), absl::StatusCode::kUnimplemented, "this gateway has no GET /plugins");
}

TEST_F(ApiClientTest, SendsOfAConnectionWhatIsGiven) {
  answers_["POST /base/api/connections"] = {.status = 201, .body = "{}"};
  ConnectionSpec spec;
  spec.secrets = {{"envvar:PASS", "secret"}, {"envvar:HOST", std::nullopt}};
  spec.exec_enabled = false;
  EXPECT_OK(api_->CreateConnection("db", spec));
  EXPECT_EQ(body_,
            R"({"access_mode_exec":"disabled","name":"db","secret":{"envvar:HOST":null,"envvar:PASS":"c2VjcmV0"}})");
  answers_["PATCH /base/api/connections/db"] = {.body = "{}"};
  EXPECT_OK(api_->UpdateConnection("db", {.record = "buffered"}));
  EXPECT_EQ(body_, R"({"record":"buffered"})");
  answers_["PUT /base/api/connections/db"] = {.body = "{}"};
  EXPECT_OK(api_->ReplaceConnection("db", {.type = "custom"}));
  EXPECT_EQ(body_, R"({"name":"db","type":"custom"})");
  answers_["DELETE /base/api/connections/db"] = {.status = 204};
  EXPECT_OK(api_->DeleteConnection("db"));
}

TEST_F(ApiClientTest, LooksAfterPeople) {
  answers_["POST /base/api/users"] = {.status = 201, .body = "{}"};
  EXPECT_OK(api_->CreateUser({.email = "a@b", .status = "active", .groups = {"dba"}}, "pw"));
  EXPECT_EQ(
      body_,
      R"({"email":"a@b","groups":["dba"],"name":"","password":"pw","picture":"","slack_id":"","status":"active"})");
  answers_["GET /base/api/users/a%40b"] = {.body = R"({"id":"s1","email":"a@b","groups":["x"],"verified":true})"};
  const auto user = api_->User("a@b");
  ASSERT_OK(user);
  EXPECT_EQ(user->id, "s1");
  EXPECT_EQ(user->groups, std::vector<std::string>{"x"});
  answers_["PUT /base/api/users/s1"] = {.body = "{}"};
  EXPECT_OK(api_->ReplaceUser(*user));
  EXPECT_EQ(body_.find("password"), std::string::npos);
  answers_["PUT /base/api/users/s1/password"] = {.status = 204};
  EXPECT_OK(api_->SetUserPassword(*user, "new"));
  EXPECT_EQ(body_, R"({"password":"new"})");
  answers_["POST /base/api/serviceaccounts/ci/token"] = {.status = 201, .body = R"({"token":"t2"})"};
  EXPECT_EQ(api_->CreateServiceToken("ci", absl::Hours(1)).value(), "t2");
  EXPECT_EQ(body_, R"({"lifetime_sec":3600})");
  answers_["GET /base/api/users/groups"] = {.body = R"(["a","b"])"};
  EXPECT_EQ(api_->Groups()->size(), 2u);
}

TEST_F(ApiClientTest, OnesOwnPasswordMakesANewToken) {
  answers_["PUT /base/api/users/self/password"] = {.headers = {{"Token", "newer"}}};
  EXPECT_EQ(api_->ChangePassword("old", "new").value(), "newer");
  EXPECT_EQ(body_, R"({"old_password":"old","password":"new"})");
  answers_["PUT /base/api/users/self/password"] = {.status = 200};
  EXPECT_STATUS(api_->ChangePassword("old", "new"), absl::StatusCode::kInternal, "no token");
  (void)api_->Agents();
  EXPECT_EQ(authorization_, "Bearer newer");
}

TEST_F(ApiClientTest, RecordPagesAreFollowedToTheirEnd) {
  answers_["GET /base/api/sessions/s/record?cursor="] = {.headers = {{"Hoop-Next-Cursor", "c2"}}};
  answers_["GET /base/api/sessions/s/record?cursor=c2"] = {};
  EXPECT_OK(api_->ReadRecord("s", [](const RecordEntry&) { return true; }));
  EXPECT_EQ(calls_.size(), 2u);
  answers_["GET /base/api/sessions/s"] = {.body = R"({"id":"s","status":"done"})"};
  auto report = api_->VerifyRecord("s", Base64Encode(std::string(32, 'k')));
  ASSERT_OK(report);
  EXPECT_FALSE(report->ok);  // nothing came: that is no record
  EXPECT_FALSE(report->running);
  answers_["GET /base/api/sessions/s"] = {.body = R"({"id":"s","status":"open"})"};
  report = api_->VerifyRecord("s", Base64Encode(std::string(32, 'k')));
  ASSERT_OK(report);
  EXPECT_TRUE(report->running);
}

TEST_F(ApiClientTest, RecordPagesThatDoNotEndAreAnError) {
  answers_["GET /base/api/sessions/s/record?cursor="] = {.headers = {{"Hoop-Next-Cursor", "c"}}};
  answers_["GET /base/api/sessions/s/record?cursor=c"] = {.headers = {{"Hoop-Next-Cursor", "c"}}};
  EXPECT_STATUS(api_->ReadRecord("s", [](const RecordEntry&) { return true; }), absl::StatusCode::kInternal,
                "do not end");
}

TEST_F(ApiClientTest, BytesThatAreNoRecordAreReported) {
  answers_["GET /base/api/sessions/s/record?cursor="] = {.body = std::string(4096, 'x')};
  EXPECT_STATUS(api_->ReadRecord("s", [](const RecordEntry&) { return true; }), absl::StatusCode::kDataLoss, "");
  answers_["GET /base/api/sessions/s"] = {.body = R"({"id":"s","status":"open"})"};
  const auto report = api_->VerifyRecord("s", Base64Encode(std::string(32, 'k')));
  ASSERT_OK(report);
  EXPECT_FALSE(report->ok);
  EXPECT_FALSE(report->running);
  EXPECT_NE(report->problem, "");
}

TEST(ApiClient, RefusesKeysThatAreNone) {
  for (const char* key : {"", "xx", "YWJj"}) {
    EXPECT_STATUS(AuditKeyName(key), absl::StatusCode::kInvalidArgument, "audit key");
  }
  EXPECT_EQ(AuditKeyName(Base64Encode(std::string(32, 'k')))->size(), 16u);
}

TEST(ApiClient, RefusesConfigurationsItCannotUse) {
  EXPECT_STATUS(ApiClient::Create({}, "1"), absl::StatusCode::kFailedPrecondition, "no gateway");
  EXPECT_STATUS(ApiClient::Create({.api_url = "h"}, "1"), absl::StatusCode::kInvalidArgument, "api_url");
  EXPECT_STATUS(ApiClient::Create({.api_url = "http://h", .tls_ca = "?"}, "1"), absl::StatusCode::kInvalidArgument,
                "tls_ca");
}

TEST(ApiJson, AnswersThatAreNotUnderstoodAreErrors) {
  const std::string deep = std::string(1000, '[') + std::string(1000, ']');
  for (const std::string& body :
       {std::string(), std::string("x"), std::string("[]"), std::string("null"), std::string(R"({"data":7})"), deep}) {
    EXPECT_STATUS(ParseSessionList(body), absl::StatusCode::kInternal, "the answer");
    EXPECT_STATUS(ParseSession(body), absl::StatusCode::kInternal, "the answer");
    EXPECT_STATUS(ParseStatementPage(body), absl::StatusCode::kInternal, "the answer");
    EXPECT_STATUS(ParseTextMember(body, "token"), absl::StatusCode::kInternal, "the answer");
  }
  EXPECT_STATUS(ParseUser("{}"), absl::StatusCode::kInternal, "not a user");
  EXPECT_STATUS(ParseConnection("{}"), absl::StatusCode::kInternal, "not a connection");
  EXPECT_STATUS(ParseAgents("{}"), absl::StatusCode::kInternal, "not a JSON list");
  EXPECT_TRUE(ParseAgents("null")->empty());
}

TEST(ApiJson, WrongKindsOfMembersAreMissing) {
  const auto list = ParseAgents(R"([{"name":7,"status":null},"x",{"name":"a"}])");
  ASSERT_OK(list);
  EXPECT_EQ((*list)[0].name, "");
  EXPECT_EQ((*list)[2].name, "a");
  const auto page = ParseStatementPage(
      R"({"data":[{"number":4,"sql":"select 1","parameter_types":["int4","text"],"duration_us":1500,)"
      R"("rows":null,"error":{"code":"42P01","message":"no"}}],"next_cursor":"5","problems":["p"]})");
  ASSERT_OK(page);
  EXPECT_EQ(page->statements[0].parameter_types, "int4, text");
  EXPECT_EQ(page->statements[0].error, "42P01 no");
  EXPECT_EQ(page->statements[0].duration, absl::Microseconds(1500));
  EXPECT_FALSE(page->statements[0].rows.has_value());
  EXPECT_EQ(page->next_cursor, "5");
}

TEST(ApiJson, ApprovalsAndMaskingAreCounted) {
  const auto session =
      ParseSession(R"({"id":"s","metrics":{"data_masking":{"total_redact_count":4}},"review":{"status":"PENDING",)"
                   R"("review_groups_data":[{"status":"APPROVED"},{"status":"PENDING"}]}})");
  ASSERT_OK(session);
  EXPECT_EQ(session->redacted, 4u);
  EXPECT_EQ(session->approvals, "1/2");
  EXPECT_EQ(session->review_status, "PENDING");
}

TEST(SecretValue, IsTheTextOrWhatItNames) {
  EXPECT_EQ(SecretValue("-e A", "a=b,c://").value(), "a=b,c://");
  EXPECT_EQ(SecretValue("-e A", "base64://YWI=").value(), "ab");
  EXPECT_STATUS(SecretValue("-e A", "base64://?"), absl::StatusCode::kInvalidArgument, "-e A: what follows base64://");
  const std::string path = ::testing::TempDir() + "/hoop-secret-value";
  std::ofstream(path) << std::string("x\0\ny", 4);
  EXPECT_EQ(SecretValue("-e A", "file://" + path).value(), std::string("x\0\ny", 4));
  std::ofstream(path) << " a\nb \r\n\n";  // as an editor writes it
  EXPECT_EQ(SecretValue("-e A", "file://" + path).value(), " a\nb ");
  EXPECT_EQ(SecretContent("-e filesystem:A", "file://" + path).value(), " a\nb \r\n\n");
  EXPECT_EQ(SecretValue("-e A", "base64://YQo=").value(), "a\n");
  EXPECT_EQ(SecretValue("-e A", "a\n").value(), "a\n");
  std::ofstream(path) << std::string(limits::kSecretValueBytesMax + 1, 'x');
  EXPECT_STATUS(SecretValue("-e A", "file://" + path), absl::StatusCode::kInvalidArgument, "longer than 524288 bytes");
  std::filesystem::remove(path);
  EXPECT_STATUS(SecretValue("-e A", "file://" + path), absl::StatusCode::kInvalidArgument,
                "-e A: " + path + ": No such file or directory");
}

TEST(ApiJson, RefusalTextIsShortAndPrintable) {
  EXPECT_EQ(RefusalText(R"({"message":"no"})"), "no");
  EXPECT_EQ(RefusalText("<h1>\n\x1b[31m"), "<h1>  [31m");
  EXPECT_EQ(RefusalText(std::string(1000, 'x')).size(), 300u);
}

}  // namespace
}  // namespace hoop

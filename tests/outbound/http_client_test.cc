#include "outbound/http_client.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <thread>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

// A server of another hand: cpp-httplib's own, on a free port.
class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    server_.Get("/base/hello", [this](const httplib::Request& request, httplib::Response& response) {
      authorization_ = request.get_header_value("Authorization");
      query_ = request.target;
      response.set_header("Token", "fresh");
      response.set_content("hi", "text/plain");
    });
    server_.Get("/base/moved", [](const httplib::Request&, httplib::Response& response) {
      response.set_redirect("http://127.0.0.1:1/elsewhere");
    });
    server_.Get("/base/large", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(5000, 'x'), "text/plain");
    });
    server_.Get("/base/endless", [](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider(
          "text/plain", [](size_t, httplib::DataSink& sink) { return sink.write("0123456789", 10); });
    });
    server_.Post("/base/echo", [](const httplib::Request& request, httplib::Response& response) {
      response.status = 409;
      response.set_content(request.body, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() does nothing to a server that has not begun: an answer shows that it has.
    httplib::Client("127.0.0.1", port_).Get("/");
  }
  ~HttpClientTest() override {
    server_.stop();
    thread_.join();
  }

  std::unique_ptr<HttpClient> Make(size_t body_bytes_max = 4096) {
    auto client = HttpClient::Create({.base_url = "http://127.0.0.1:" + std::to_string(port_) + "/base",
                                      .bearer = "secret-token",
                                      .user_agent = "test/1",
                                      .answer_time = absl::Seconds(5),
                                      .body_bytes_max = body_bytes_max});
    EXPECT_OK(client);
    return *std::move(client);
  }

  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
  std::string authorization_;
  std::string query_;
};

TEST_F(HttpClientTest, SendsBearerBelowTheBasePath) {
  auto answer = Make()->Send({.path = "/hello?a=%2F"});
  ASSERT_OK(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hi");
  EXPECT_EQ(answer->Header("token"), "fresh");
  EXPECT_EQ(answer->Header("absent"), "");
  EXPECT_EQ(authorization_, "Bearer secret-token");
  EXPECT_EQ(query_, "/base/hello?a=%2F");
}

TEST_F(HttpClientTest, AnswersWithAnyStatusOfTheServer) {
  auto client = Make();
  auto conflict = client->Send({.method = "POST", .path = "/echo", .body = "{}"});
  ASSERT_OK(conflict);
  EXPECT_EQ(conflict->status, 409);
  EXPECT_EQ(conflict->body, "{}");
  auto missing = client->Send({.path = "/nothing"});
  ASSERT_OK(missing);
  EXPECT_EQ(missing->status, 404);
}

TEST_F(HttpClientTest, DoesNotFollowRedirects) {
  auto answer = Make()->Send({.path = "/moved"});
  ASSERT_OK(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_F(HttpClientTest, RefusesAnswersAboveTheBound) {
  auto client = Make();
  EXPECT_STATUS(client->Send({.path = "/large"}), absl::StatusCode::kResourceExhausted, "GET /base/large: ");
  EXPECT_STATUS(client->Send({.path = "/endless"}), absl::StatusCode::kResourceExhausted, "4096 bytes");
  EXPECT_OK(Make(5000)->Send({.path = "/large"}));
}

TEST_F(HttpClientTest, SaysThatNobodyAnswers) {
  auto client = HttpClient::Create({.base_url = "http://127.0.0.1:1", .bearer = "secret-token"});
  ASSERT_OK(client);
  const auto answer = (*client)->Send({.path = "/x?token=secret-token"});
  EXPECT_STATUS(answer, absl::StatusCode::kUnavailable, "GET /x: cannot connect (http://127.0.0.1:1)");
  EXPECT_EQ(StatusText(answer.status()).find("secret"), std::string::npos);
}

TEST(HttpClient, RefusesWrongBaseUrls) {
  for (const char* url : {"", "ftp://x", "http://", "http://user:pw@host", "http://host?x=1", "host:80"}) {
    const auto client = HttpClient::Create({.base_url = url});
    EXPECT_STATUS(client, absl::StatusCode::kInvalidArgument, "base URL");
    EXPECT_EQ(StatusText(client.status()).find("pw"), std::string::npos);
  }
}

TEST(HttpClient, RefusesAuthoritiesThatAreNone) {
  EXPECT_STATUS(HttpClient::Create({.base_url = "https://h", .ca_pem = "nonsense"}), absl::StatusCode::kInvalidArgument,
                "no certificate");
}

TEST(HttpClient, EncodesForPathAndQuery) { EXPECT_EQ(UrlEncode("a b/\xc3\xa4-._~"), "a%20b%2F%C3%A4-._~"); }

}  // namespace
}  // namespace hoop

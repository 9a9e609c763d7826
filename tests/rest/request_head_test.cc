#include "rest/request_head.h"

#include <gtest/gtest.h>

#include "base/limits/http.h"
#include "base/limits/wire.h"
#include "rest/content_parser.h"
#include "rest/http_message.h"
#include "rest/names.h"
#include "tests/support/status_matchers.h"

namespace hoop::rest {
namespace {

std::string Head(const std::string& line, const std::string& headers = "Host: a\r\n") {
  return line + "\r\n" + headers + "\r\n";
}

TEST(RequestHead, ReadsWhatClientsSend) {
  const auto head = ParseHead(
      Head("POST /api/x?a=b HTTP/1.1",
           "Host: a\r\nauthorization:  Bearer t \r\nContent-Length: 12\r\nexpect: 100-continue\r\nX-Y: \xc3\xa4\r\n"));
  ASSERT_OK(head);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path, "/api/x");
  EXPECT_EQ(head->query, "a=b");
  EXPECT_EQ(head->authorization, "Bearer t");
  EXPECT_EQ(head->content_length, 12u);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keep_alive);
}

TEST(RequestHead, ConnectionCloseAndHttp10EndAfterTheAnswer) {
  EXPECT_FALSE(ParseHead(Head("GET / HTTP/1.1", "Host: a\r\nConnection: x, Close\r\n"))->keep_alive);
  EXPECT_FALSE(ParseHead(Head("GET / HTTP/1.0", ""))->keep_alive);
}

TEST(RequestHead, RefusesWhatCanBeReadInTwoWays) {
  struct Case {
    std::string head;
    int status;
  };
  const std::string get = "GET / HTTP/1.1";
  const Case cases[] = {
      {Head(get, ""), 400},
      {Head(get, "Host: a\r\nHost: b\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length: +1\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length: 0x1\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length: 1, 1\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length:\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Length: 99999999999999999999\r\n"), 400},
      {Head(get, "Host: a\r\nTransfer-Encoding: chunked\r\n"), 411},
      {Head(get, "Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 411},
      {Head(get, "Host: a\r\ntransfer-encoding : chunked\r\n"), 400},
      {Head(get, "Host: a\r\nContent-Encoding: gzip\r\n"), 415},
      {Head(get, "Host: a\r\nX: 1\r\n folded: 2\r\n"), 400},
      {Head(get, "Host: a\r\nno colon\r\n"), 400},
      {Head(get, "Host: a\r\n: 1\r\n"), 400},
      {Head(get, "Host: a\r\nX\xc3: 1\r\n"), 400},
      {Head(get, "Host: a\r\nX: 1\nY: 2\r\n"), 400},
      {Head(get, "Host: a\r\nX: 1\rY: 2\r\n"), 400},
      {Head(get, "Host: a\r\nAuthorization: a\r\nAuthorization: b\r\n"), 400},
      {Head(get, "Host: a\r\nExpect: a miracle\r\n"), 417},
      {Head("GET  HTTP/1.1"), 400},
      {Head("GET / x HTTP/1.1"), 400},
      {Head("GET /"), 400},
      {Head("G(T / HTTP/1.1"), 400},
      {Head("GET http://a/ HTTP/1.1"), 400},
      {Head("GET * HTTP/1.1"), 400},
      {Head("GET /# HTTP/1.1"), 400},
      {Head("GET /\xc3\xa4 HTTP/1.1"), 400},
      {Head("GET / HTTP/2.0"), 505},
      {Head("GET / http/1.1"), 505},
      {Head("GET /" + std::string(limits::kHttpTargetBytesMax, 'a') + " HTTP/1.1"), 414},
  };
  for (const Case& test : cases) {
    const auto head = ParseHead(test.head);
    ASSERT_FALSE(head.ok()) << test.head;
    EXPECT_EQ(HttpStatus(head.status()), test.status) << test.head << head.status();
  }
}

TEST(RequestHead, CountsLines) {
  std::string headers = "Host: a\r\n";
  for (size_t i = 1; i < limits::kHttpHeaderLinesMax; ++i) headers += "X: 1\r\n";
  EXPECT_OK(ParseHead(Head("GET / HTTP/1.1", headers)));
  EXPECT_EQ(HttpStatus(ParseHead(Head("GET / HTTP/1.1", headers + "X: 1\r\n")).status()), 431);
}

TEST(RequestHead, IsFoundHoweverItIsCut) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
  size_t scanned = 0;
  for (size_t size = 0; size < bytes.size() - 4; ++size) {
    const auto end = FindHeadEnd(std::string_view(bytes).substr(0, size), scanned);
    ASSERT_OK(end);
    EXPECT_FALSE(end->has_value());
  }
  EXPECT_EQ(*FindHeadEnd(bytes, scanned), bytes.size() - 4);
}

TEST(RequestHead, EndsAtItsBoundAndAtBytesThatNoHeadHas) {
  size_t scanned = 0;
  EXPECT_EQ(HttpStatus(FindHeadEnd(std::string(limits::kHeaderBlockBytesMax, 'a'), scanned).status()), 431);
  for (const char* bytes : {"\x16\x03\x01", " GET", "GET\x7f", "GET\x01", "\r\n"}) {
    scanned = 0;
    EXPECT_EQ(HttpStatus(FindHeadEnd(bytes, scanned).status()), 400) << bytes;
  }
}

TEST(RequestHead, SegmentsAreDecodedOnceAndNeverWalk) {
  EXPECT_EQ(DecodeSegment("a%20b"), "a b");
  EXPECT_EQ(DecodeSegment("%2541"), "%41");
  EXPECT_EQ(DecodeSegment("%C3%A4"), "\xc3\xa4");
  for (const char* bad : {"..", ".", "%2e%2e", "%2E.", "a%2fb", "a%5cb", "%00", "a%0d%0a", "%", "%4", "%zz", "%ff",
                          "%c0%af", "%ed%a0%80", "%f5%80%80%80", "%7f"}) {
    EXPECT_EQ(DecodeSegment(bad), std::nullopt) << bad;
  }
}

TEST(ContentParser, ReadsQueryAndBody) {
  ContentParser parser;
  const auto content = parser.Parse("a=1&b=x=aGk=&a=2&c=%26+d&e", R"({"a": "=&%41"})");
  ASSERT_OK(content);
  EXPECT_EQ(content->query.at("a"), "1");
  EXPECT_EQ(content->query.at("b"), "x=aGk=");
  EXPECT_EQ(content->query.at("c"), "& d");
  EXPECT_TRUE(content->query.contains("e"));
  EXPECT_EQ(content->body, R"({"a": "=&%41"})");
  EXPECT_EQ(parser.Parse("", std::string("\0\r\n\r\n", 5))->body.size(), 5u);
}

TEST(ContentParser, RefusesABodyAboveTheBound) {
  ContentParser parser;
  EXPECT_OK(parser.Parse("", std::string(limits::kRestBodyBytesMax, 'x')));
  EXPECT_EQ(HttpStatus(parser.Parse("", std::string(limits::kRestBodyBytesMax + 1, 'x')).status()), 400);
}

TEST(Names, FollowTheRuleOf2026) {
  for (const char* good : {"abc", "a_c", "ab-c", "A.b.c", "pg-demo"}) EXPECT_OK(CheckName(good)) << good;
  for (const char* bad : {"", "ab", "a-b", "-abc", "abc-", "a--bc", "a b c", "a/bc", "\xc3\xa4\xc3\xa4", ".."}) {
    EXPECT_STATUS(CheckName(bad), absl::StatusCode::kInvalidArgument, "name");
  }
  EXPECT_OK(CheckName(std::string(254, 'a')));
  EXPECT_FALSE(CheckName(std::string(255, 'a')).ok());
}

TEST(Names, SecretsAndTags) {
  EXPECT_OK(CheckSecret("envvar:HOST", "YQ=="));
  EXPECT_OK(CheckSecret("filesystem:KEY", ""));
  EXPECT_FALSE(CheckSecret("envvar:", "YQ==").ok());
  EXPECT_FALSE(CheckSecret("HOST", "YQ==").ok());
  EXPECT_STATUS(CheckSecret("envvar:X", "!!"), absl::StatusCode::kInvalidArgument, "envvar:X");
  EXPECT_OK(CheckTag("hoop.dev/a.b", "x y"));
  EXPECT_FALSE(CheckTag("a", "1.2").ok());
  EXPECT_FALSE(CheckTag("/a", "1").ok());
  EXPECT_FALSE(CheckTag("a", "").ok());
}

}  // namespace
}  // namespace hoop::rest

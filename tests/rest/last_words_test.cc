#include <gtest/gtest.h>

#include "rest/http_message.h"

namespace hoop::rest {
namespace {

TEST(LastWords, AreAWholeAnswer) {
  EXPECT_EQ(LastWords("use https://"),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 26\r\n"
            "Connection: close\r\n\r\n{\"message\":\"use https://\"}");
}

}  // namespace
}  // namespace hoop::rest

#include "transport/unary_reply.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

class UnaryReplyTest : public ::testing::Test {
 protected:
  std::optional<absl::StatusOr<std::string>> told_;
  UnaryReply reply_{[this](absl::StatusOr<std::string> answer) { told_ = std::move(answer); }};
};

TEST_F(UnaryReplyTest, TellsTheOneAnswerAtTheEnd) {
  ASSERT_OK(reply_.Take("pong"));
  EXPECT_FALSE(told_.has_value());
  reply_.Tell(absl::OkStatus());
  EXPECT_EQ(told_->value(), "pong");
}

TEST_F(UnaryReplyTest, AGoodEndWithoutAnAnswerIsAnError) {
  reply_.Tell(absl::OkStatus());
  EXPECT_STATUS(*told_, absl::StatusCode::kInternal, "no answer to a unary call");
}

TEST_F(UnaryReplyTest, ASecondAnswerIsAnError) {
  ASSERT_OK(reply_.Take("pong"));
  const absl::Status second = reply_.Take("pong");
  EXPECT_STATUS(second, absl::StatusCode::kInternal, "more than one answer to a unary call");
  reply_.Tell(second);
  EXPECT_EQ(told_->status(), second);
}

TEST_F(UnaryReplyTest, AnAnswerBeforeABadEndCountsForNothing) {
  ASSERT_OK(reply_.Take("pong"));
  reply_.Tell(Unavailable("gone"));
  EXPECT_EQ(told_->status(), Unavailable("gone"));
}

}  // namespace
}  // namespace hoop

#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/status_macros.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(Status, MakersFormatTheirText) {
  EXPECT_STATUS(NotFound("connection {}: not found", "pg"), absl::StatusCode::kNotFound, "connection pg: not found");
}

TEST(Status, AnnotateAddsWordsInFrontAndKeepsTheRest) {
  absl::Status status = Unavailable("refused");
  status.SetPayload("kind", absl::Cord("retry"));
  const absl::Status annotated = Annotate(status, "connect pg");
  EXPECT_STATUS(annotated, absl::StatusCode::kUnavailable, "connect pg: refused");
  EXPECT_EQ(annotated.GetPayload("kind"), absl::Cord("retry"));
  EXPECT_OK(Annotate(absl::OkStatus(), "connect pg"));
}

TEST(Status, ErrnoBecomesTheCodeThatFits) {
  const struct {
    int error;
    absl::StatusCode code;
  } kCases[] = {{ENOENT, absl::StatusCode::kNotFound},
                {EEXIST, absl::StatusCode::kAlreadyExists},
                {EACCES, absl::StatusCode::kPermissionDenied},
                {EMFILE, absl::StatusCode::kResourceExhausted},
                {ENOSPC, absl::StatusCode::kResourceExhausted},
                {ETIMEDOUT, absl::StatusCode::kDeadlineExceeded},
                {ECONNREFUSED, absl::StatusCode::kUnavailable},
                {EADDRINUSE, absl::StatusCode::kFailedPrecondition},
                {EDOM, absl::StatusCode::kUnknown}};
  for (const auto& test : kCases) EXPECT_EQ(ErrnoStatus(test.error, "open").code(), test.code) << test.error;
  EXPECT_STATUS(ErrnoStatus(ENOENT, "open /x"), absl::StatusCode::kNotFound, "open /x: No such file or directory");
}

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument("{} is odd", number);
  return number / 2;
}
absl::StatusOr<int> Quarter(int number) {
  HOOP_ASSIGN_OR_RETURN(const int half, Half(number));
  HOOP_RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(Status, MacrosReturnTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_STATUS(Quarter(7), absl::StatusCode::kInvalidArgument, "7 is odd");
  EXPECT_STATUS(Quarter(6), absl::StatusCode::kInvalidArgument, "3 is odd");
}

}  // namespace
}  // namespace hoop

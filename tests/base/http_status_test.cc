#include "base/http_status.h"

#include <gtest/gtest.h>

namespace hoop {
namespace {

TEST(HttpStatus, HasAMeaningAsOurCodes) {
  const std::pair<int, absl::StatusCode> cases[] = {
      {400, absl::StatusCode::kInvalidArgument},   {401, absl::StatusCode::kUnauthenticated},
      {403, absl::StatusCode::kPermissionDenied},  {404, absl::StatusCode::kNotFound},
      {408, absl::StatusCode::kDeadlineExceeded},  {409, absl::StatusCode::kAlreadyExists},
      {413, absl::StatusCode::kInvalidArgument},   {422, absl::StatusCode::kInvalidArgument},
      {429, absl::StatusCode::kResourceExhausted}, {500, absl::StatusCode::kInternal},
      {502, absl::StatusCode::kUnavailable},       {503, absl::StatusCode::kUnavailable},
      {504, absl::StatusCode::kDeadlineExceeded},  {302, absl::StatusCode::kInternal},
  };
  for (const auto& [http, code] : cases) EXPECT_EQ(CodeOfHttpStatus(http), code) << http;
}

}  // namespace
}  // namespace hoop

// ASSERT_OK, EXPECT_OK and EXPECT_STATUS: absl of Debian 12 has no matchers of its own.
#pragma once

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"

namespace hoop::testing {
inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}
}  // namespace hoop::testing

#define EXPECT_OK(expression) EXPECT_EQ(::hoop::testing::ToStatus(expression), absl::OkStatus())
#define ASSERT_OK(expression) ASSERT_EQ(::hoop::testing::ToStatus(expression), absl::OkStatus())

// The code, and a part of the message ("" for any).
#define EXPECT_STATUS(expression, expected_code, part)                                       \
  do {                                                                                       \
    const absl::Status hoop_actual = ::hoop::testing::ToStatus(expression);                  \
    EXPECT_EQ(hoop_actual.code(), expected_code) << hoop_actual;                             \
    EXPECT_NE(::hoop::StatusText(hoop_actual).find(part), std::string::npos) << hoop_actual; \
  } while (false)

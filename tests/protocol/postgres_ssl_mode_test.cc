#include "protocol/postgres/ssl_mode.h"

#include "tests/support/status_matchers.h"

namespace hoop::postgres {
namespace {

TEST(SslMode, KnowsFiveWords) {
  EXPECT_EQ(ParseSslMode("").value(), SslMode::kPrefer);
  for (const std::string_view word : {"disable", "prefer", "require", "verify-ca", "verify-full"}) {
    auto mode = ParseSslMode(word);
    ASSERT_OK(mode);
    EXPECT_EQ(SslModeName(*mode), word);
    EXPECT_EQ(DemandsTls(*mode), word != "disable" && word != "prefer");
    EXPECT_EQ(VerifiesServer(*mode), word.starts_with("verify"));
  }
  EXPECT_STATUS(ParseSslMode("allow"), absl::StatusCode::kInvalidArgument, "wrong option (\"allow\") for SSLMODE");
  const absl::Status secret = ParseSslMode("correct horse battery staple").status();
  EXPECT_STATUS(secret, absl::StatusCode::kInvalidArgument, "wrong option (28 bytes) for SSLMODE, accept only");
}

}  // namespace
}  // namespace hoop::postgres

#include "identity/checked_tokens.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/limits/identity.h"
#include "identity/token_signer.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

TEST(CheckedTokensTest, RemembersWhatWasAdded) {
  CheckedTokens tokens;
  EXPECT_FALSE(tokens.Find("a").has_value());
  tokens.Add("a", {.user_id = "1", .issued_at = kNow, .expires_at = kNow + absl::Hours(1)});
  ASSERT_TRUE(tokens.Find("a").has_value());
  EXPECT_EQ(tokens.Find("a")->user_id, "1");
  EXPECT_EQ(tokens.Find("a")->expires_at, kNow + absl::Hours(1));
  EXPECT_FALSE(tokens.Find("b").has_value());
}

TEST(CheckedTokensTest, ForgetsTheOldest) {
  CheckedTokens tokens;
  for (size_t i = 0; i < limits::kCheckedTokensMax; ++i) tokens.Add(absl::StrCat(i), {});
  tokens.Add("1", {});  // known: nobody makes room for it
  EXPECT_TRUE(tokens.Find("0").has_value());
  tokens.Add("another", {});
  EXPECT_FALSE(tokens.Find("0").has_value());
  EXPECT_TRUE(tokens.Find("1").has_value());
  EXPECT_TRUE(tokens.Find("another").has_value());
}

// What was good once is looked at again where time counts.
TEST(TokenSignerTest, AKnownTokenExpires) {
  const TokenSigner signer(Ed25519Key::Generate(), "us");
  const std::string token = signer.Sign("ann", "1", "ann@example.test", kNow, absl::Hours(1));
  for (int i = 0; i < 2; ++i) {
    const auto claims = signer.Verify(token, kNow);
    ASSERT_OK(claims);
    EXPECT_EQ(claims->user_id, "1");
  }
  EXPECT_OK(signer.Verify(token, kNow + absl::Minutes(59)));
  EXPECT_STATUS(signer.Verify(token, kNow + absl::Hours(1)), absl::StatusCode::kUnauthenticated, "it is expired");
  EXPECT_STATUS(signer.Verify(token, kNow - absl::Hours(1)), absl::StatusCode::kUnauthenticated, "in the future");
}

// Its text with another signature is another token.
TEST(TokenSignerTest, AKnownTokenWithAnotherSignatureIsRefused) {
  const TokenSigner signer(Ed25519Key::Generate(), "us"), other(Ed25519Key::Generate(), "us");
  const std::string token = signer.Sign("ann", "1", "ann@example.test", kNow);
  ASSERT_OK(signer.Verify(token, kNow));
  for (const size_t at : {token.size() - 2, token.rfind('.') + 1, token.rfind('.') - 1}) {
    std::string forged = token;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_STATUS(signer.Verify(forged, kNow), absl::StatusCode::kUnauthenticated, "token: ");
  }
  EXPECT_STATUS(other.Verify(token, kNow), absl::StatusCode::kUnauthenticated, "another key signed it");
}

// A good signature does not make up for a token that came too early.
TEST(TokenSignerTest, WhatWasRefusedIsNotRemembered) {
  const TokenSigner signer(Ed25519Key::Generate(), "us");
  const std::string token = signer.Sign("ann", "1", "ann@example.test", kNow, absl::Hours(1));
  EXPECT_STATUS(signer.Verify(token, kNow + absl::Hours(2)), absl::StatusCode::kUnauthenticated, "it is expired");
  EXPECT_STATUS(signer.Verify(token, kNow + absl::Hours(2)), absl::StatusCode::kUnauthenticated, "it is expired");
  EXPECT_OK(signer.Verify(token, kNow));
}

}  // namespace
}  // namespace hoop

#include "identity/token_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/limits/identity.h"
#include "identity/token_signer.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

class TokenCheckTest : public ::testing::Test {
 protected:
  // A token whose header and payload are exactly these texts.
  std::string Signed(const std::string& header, const std::string& payload) const {
    const std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(payload);
    return text + "." + Base64UrlEncode(key_.Sign(text));
  }
  Json Header() const { return {{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", key_.id()}}; }
  Json Claims() const {
    const int64_t now = absl::ToUnixSeconds(now_);
    return {{"iss", "us"},
            {"aud", "us"},
            {"sub", "ann@example.test"},
            {"uid", "1"},
            {"email", "ann@example.test"},
            {"iat", now},
            {"exp", now + 3600},
            {"jti", "j"}};
  }
  absl::StatusOr<TokenClaims> Check(std::string_view token) const { return CheckToken(token, key_, "us", "us", now_); }

  const absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  const Ed25519Key key_ = Ed25519Key::Generate();
};

TEST_F(TokenCheckTest, SaysWhatTheTokenSays) {
  auto claims = Check(Signed(Header().dump(), Claims().dump()));
  ASSERT_OK(claims);
  EXPECT_EQ(claims->subject, "ann@example.test");
  EXPECT_EQ(claims->user_id, "1");
  EXPECT_EQ(claims->email, "ann@example.test");
  EXPECT_EQ(claims->token_id, "j");
  EXPECT_EQ(claims->issued_at, now_);
  EXPECT_EQ(claims->expires_at, now_ + absl::Hours(1));
}

TEST_F(TokenCheckTest, AcceptsWhatIsOptional) {
  Json header = Header(), claims = Claims();
  header.erase("typ");
  claims["nbf"] = absl::ToUnixSeconds(now_);
  claims["extra"] = {{"deep", {1, 2}}};
  EXPECT_OK(Check(Signed(header.dump(), claims.dump())));
}

TEST_F(TokenCheckTest, RefusesAHeaderThatIsNotOurs) {
  const std::pair<std::function<void(Json&)>, const char*> cases[] = {
      {[](Json& h) { h.erase("alg"); }, "alg is missing"},
      {[](Json& h) { h["alg"] = 7; }, "alg is no text"},
      {[](Json& h) { h["alg"] = "none"; }, "not EdDSA"},
      {[](Json& h) { h["alg"] = "HS256"; }, "not EdDSA"},
      {[](Json& h) { h["alg"] = "RS256"; }, "not EdDSA"},
      {[](Json& h) { h["alg"] = "eddsa"; }, "not EdDSA"},
      {[](Json& h) { h["crit"] = Json::array({"exp"}); }, "extensions"},
      {[](Json& h) { h["crit"] = nullptr; }, "extensions"},
      {[](Json& h) { h.erase("kid"); }, "kid is missing"},
      {[](Json& h) { h["kid"] = "other"; }, "another key"},
      {[](Json& h) { h["typ"] = "JWE"; }, "type is not JWT"},
  };
  for (const auto& [change, reason] : cases) {
    Json header = Header();
    change(header);
    EXPECT_STATUS(Check(Signed(header.dump(), Claims().dump())), absl::StatusCode::kUnauthenticated, reason);
  }
}

TEST_F(TokenCheckTest, RefusesClaimsThatAreNotRight) {
  const int64_t now = absl::ToUnixSeconds(now_);
  const int64_t skew = absl::ToInt64Seconds(limits::kTokenClockSkew);
  const std::pair<std::function<void(Json&)>, const char*> cases[] = {
      {[](Json& c) { c.erase("iss"); }, "iss is missing"},
      {[](Json& c) { c["iss"] = "them"; }, "issuer is another"},
      {[](Json& c) { c["iss"] = ""; }, "iss is no text"},
      {[](Json& c) { c.erase("aud"); }, "aud is missing"},
      {[](Json& c) { c["aud"] = "them"; }, "audience is another"},
      {[](Json& c) { c["aud"] = Json::array({"us"}); }, "aud is no text"},
      {[](Json& c) { c.erase("exp"); }, "exp is missing"},
      {[](Json& c) { c["exp"] = "tomorrow"; }, "exp is no time"},
      {[](Json& c) { c["exp"] = -1; }, "exp is no time"},
      {[](Json& c) { c["exp"] = 1e10; }, "exp is no time"},
      {[](Json& c) { c["exp"] = 253'402'300'800; }, "exp is no time"},
      {[now](Json& c) { c["exp"] = now; }, "expired"},
      {[now](Json& c) { c["exp"] = now - 1; }, "expired"},
      {[now](Json& c) { c["exp"] = now + 1, c["iat"] = now + 1; }, "expires before"},
      {[](Json& c) { c.erase("iat"); }, "iat is missing"},
      {[](Json& c) { c["iat"] = true; }, "iat is no time"},
      {[now, skew](Json& c) { c["iat"] = now + skew + 1; }, "in the future"},
      {[now, skew](Json& c) { c["nbf"] = now + skew + 1; }, "not valid yet"},
      {[](Json& c) { c["nbf"] = "x"; }, "nbf is no time"},
      {[](Json& c) { c.erase("jti"); }, "jti is missing"},
      {[](Json& c) { c.erase("sub"); }, "sub is missing"},
      {[](Json& c) { c["sub"] = nullptr; }, "sub is no text"},
      {[](Json& c) { c.erase("uid"); }, "uid is missing"},
      {[](Json& c) { c.erase("email"); }, "email is missing"},
  };
  for (const auto& [change, reason] : cases) {
    Json claims = Claims();
    change(claims);
    EXPECT_STATUS(Check(Signed(Header().dump(), claims.dump())), absl::StatusCode::kUnauthenticated, reason);
  }
}

TEST_F(TokenCheckTest, RefusesTextThatIsNoToken) {
  const std::string good = Signed(Header().dump(), Claims().dump());
  const std::pair<std::string, const char*> cases[] = {
      {"", "empty"},
      {"abc", "three parts"},
      {"a.b", "three parts"},
      {good + ".x", "three parts"},
      {good + std::string(limits::kTokenBytesMax, 'A'), "too long"},
      {"%" + good, "header is not base64url"},
      {"." + good.substr(good.find('.') + 1), "header is no acceptable"},
      {good + "=", "signature is not base64url"},
      {good.substr(0, good.rfind('.') + 1), "signature is wrong"},
      {good.substr(0, good.rfind('.') + 1) + Base64UrlEncode(std::string(64, 's')), "signature is wrong"},
      {Signed(Header().dump(), "[]"), "payload is no acceptable"},
      {Signed(Header().dump(), "nonsense"), "payload is no acceptable"},
      {Signed(Header().dump(), "{\"a\":\"\xff\"}"), "payload is no acceptable"},
      {Signed("[]", Claims().dump()), "header is no acceptable"},
      {Signed(Header().dump(), Claims().dump() + "x"), "payload is no acceptable"},
  };
  for (const auto& [token, reason] : cases) {
    EXPECT_STATUS(Check(token), absl::StatusCode::kUnauthenticated, reason);
  }
}

TEST_F(TokenCheckTest, RefusesChangedBytes) {
  const std::string good = Signed(Header().dump(), Claims().dump());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_STATUS(Check(bad), absl::StatusCode::kUnauthenticated, "token: ");
  }
}

TEST_F(TokenCheckTest, RefusesDeepAndDoubledJson) {
  const size_t depth = limits::kTokenJsonDepthMax + 1;
  std::string deep = Claims().dump();
  deep.back() = ',';
  deep += "\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  EXPECT_STATUS(Check(Signed(Header().dump(), deep)), absl::StatusCode::kUnauthenticated, "payload is no acceptable");

  std::string doubled = Claims().dump();
  doubled.back() = ',';
  doubled += "\"sub\":\"root@example.test\"}";
  EXPECT_STATUS(Check(Signed(Header().dump(), doubled)), absl::StatusCode::kUnauthenticated,
                "payload is no acceptable");
}

TEST_F(TokenCheckTest, RefusesTheTokenOfAnotherKeyUnderOurName) {
  const Ed25519Key other = Ed25519Key::Generate();
  const std::string text = Base64UrlEncode(Header().dump()) + "." + Base64UrlEncode(Claims().dump());
  EXPECT_STATUS(Check(text + "." + Base64UrlEncode(other.Sign(text))), absl::StatusCode::kUnauthenticated,
                "signature is wrong");
}

TEST_F(TokenCheckTest, ReasonsNeverShowTheToken) {
  Json claims = Claims();
  claims["iss"] = "secret-issuer";
  const absl::Status status = Check(Signed(Header().dump(), claims.dump())).status();
  EXPECT_EQ(StatusText(status).find("secret-issuer"), std::string::npos);
}

TEST_F(TokenCheckTest, TheSignersOwnTokensAreGoodForTwelveHours) {
  const TokenSigner signer(Ed25519Key::Generate(), "https://gw.example.test");
  const std::string token = signer.Sign("ann", "id", "ann@example.test", now_);
  auto claims = signer.Verify(token, now_);
  ASSERT_OK(claims);
  EXPECT_EQ(claims->subject, "ann");
  EXPECT_EQ(claims->user_id, "id");
  EXPECT_EQ(claims->email, "ann@example.test");
  EXPECT_EQ(claims->expires_at, now_ + absl::Hours(12));
  EXPECT_OK(signer.Verify(token, now_ + absl::Hours(12) - absl::Seconds(1)));
  EXPECT_STATUS(signer.Verify(token, now_ + absl::Hours(12)), absl::StatusCode::kUnauthenticated, "expired");
  EXPECT_NE(signer.Sign("ann", "id", "ann@example.test", now_), token);  // each has its own jti
}

TEST_F(TokenCheckTest, TokensOutliveARestart) {
  testing::TempFolder folder;
  std::string token;
  for (int start = 0; start < 2; ++start) {
    auto signer = TokenSigner::Create(folder.file("token.key"), "us");
    ASSERT_OK(signer);
    if (start == 0) token = (*signer)->Sign("ann", "id", "ann@example.test", now_);
    EXPECT_OK((*signer)->Verify(token, now_));
  }
  auto other = TokenSigner::Create(folder.file("token.key"), "them");
  ASSERT_OK(other);
  EXPECT_STATUS((*other)->Verify(token, now_), absl::StatusCode::kUnauthenticated, "issuer");
}

TEST_F(TokenCheckTest, TheLongestAddressStillFits) {
  const TokenSigner signer(Ed25519Key::Generate(), "https://" + std::string(255, 'h') + ".example.test");
  const std::string email(limits::kEmailBytesMax, 'e');
  EXPECT_OK(signer.Verify(signer.Sign(email, std::string(36, 'i'), email, now_), now_));
}

}  // namespace
}  // namespace hoop

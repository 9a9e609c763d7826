#include "identity/digest.h"

#include <gtest/gtest.h>

#include "identity/bearer.h"

namespace hoop {
namespace {

TEST(Digest, IsSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc").size(), 32u);
}

TEST(Digest, UuidsOfNamesAreThoseThatOthersCompute) {
  EXPECT_EQ(UrlUuid("https://example.test/"), UrlUuid("https://example.test/"));
  EXPECT_EQ(UrlUuid("agent/7e358a9f-879c-44fa-b35a-548383dbbe6f/agent1"), "32f5981b-0c67-5a8c-9794-c6d7d1de76e0");
}

TEST(Digest, EqualSecretsAreEqual) {
  EXPECT_TRUE(EqualSecrets("", ""));
  EXPECT_TRUE(EqualSecrets("abc", "abc"));
  EXPECT_FALSE(EqualSecrets("abc", "abd"));
  EXPECT_FALSE(EqualSecrets("abc", "ab"));
  EXPECT_FALSE(EqualSecrets("", "a"));
}

TEST(Bearer, TakesOneTokenBehindOneBlank) {
  EXPECT_EQ(BearerToken("Bearer abc.def"), "abc.def");
  EXPECT_EQ(BearerToken("Bearer grpc://a:k@h:1?mode=standard"), "grpc://a:k@h:1?mode=standard");
}

TEST(Bearer, RefusesEverythingElse) {
  for (const char* header : {"", "Bearer", "Bearer ", "Bearer  abc", "bearer abc", "BEARER abc", "Bearer a b",
                             "Bearer abc ", " Bearer abc", "Basic abc", "Bearer\tabc", "abc"}) {
    EXPECT_EQ(BearerToken(header), std::nullopt) << header;
  }
}

}  // namespace
}  // namespace hoop

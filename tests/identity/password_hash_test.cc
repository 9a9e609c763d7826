#include "identity/password_hash.h"

#include <gtest/gtest.h>

#include "base/limits/identity.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

constexpr ScryptCost kCheap = {.log_n = 4, .r = 1, .p = 1};

// Made by Python's hashlib.scrypt.
constexpr std::string_view kForeign =
    "$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io-o2v0yqSlo";

TEST(PasswordHash, MatchesItsPasswordOnly) {
  auto hash = HashPassword("correct horse", kCheap);
  ASSERT_OK(hash);
  EXPECT_TRUE(PasswordMatches("correct horse", *hash));
  EXPECT_FALSE(PasswordMatches("correct horsf", *hash));
  EXPECT_FALSE(PasswordMatches("", *hash));
}

TEST(PasswordHash, IsWhatOthersComputeToo) {
  EXPECT_TRUE(PasswordMatches("correct horse", kForeign));
  EXPECT_FALSE(PasswordMatches("correct Horse", kForeign));
}

TEST(PasswordHash, SaysItsCostAndHasItsOwnSalt) {
  auto first = HashPassword("p", kCheap), second = HashPassword("p", kCheap);
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(first->rfind("$scrypt$ln=4,r=1,p=1$", 0), 0u) << *first;
  EXPECT_NE(*first, *second);
}

TEST(PasswordHash, TheUsualCostIsWithinOurOwnBounds) {
  auto hash = HashPassword("p");
  ASSERT_OK(hash);
  EXPECT_EQ(hash->rfind("$scrypt$ln=15,r=8,p=3$", 0), 0u) << *hash;
  EXPECT_TRUE(PasswordMatches("p", *hash));
}

TEST(PasswordHash, RefusesNoPasswordAndALongOne) {
  EXPECT_STATUS(HashPassword("", kCheap), absl::StatusCode::kInvalidArgument, "empty");
  const std::string longest(limits::kPasswordBytesMax, 'p');
  auto hash = HashPassword(longest, kCheap);
  ASSERT_OK(hash);
  EXPECT_TRUE(PasswordMatches(longest, *hash));
  EXPECT_FALSE(PasswordMatches(longest + "p", *hash));
  EXPECT_STATUS(HashPassword(longest + "p", kCheap), absl::StatusCode::kInvalidArgument, "longer");
}

TEST(PasswordHash, NothingMatchesTheHashOfNobody) {
  const std::string hash = HashOfNobody(kCheap);
  EXPECT_EQ(hash.rfind("$scrypt$ln=4,r=1,p=1$", 0), 0u) << hash;
  EXPECT_FALSE(PasswordMatches("", hash));
  EXPECT_FALSE(PasswordMatches("nobody", hash));
  EXPECT_NE(hash, HashOfNobody(kCheap));
}

TEST(PasswordHash, NothingMatchesATextThatIsNoHash) {
  const std::string salt = "AAECAwQFBgcICQoLDA0ODw", rest = "$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io-o2v0yqSlo";
  const std::string cases[] = {
      "",
      "correct horse",
      "$scrypt$",
      "$argon2id$ln=10,r=8,p=2$" + salt + rest,
      "x$scrypt$ln=10,r=8,p=2$" + salt + rest,
      "$scrypt$ln=10,r=8$" + salt + rest,
      "$scrypt$ln=10,r=8,p=2,x=1$" + salt + rest,
      "$scrypt$ln=10;r=8,p=2$" + salt + rest,
      "$scrypt$ln=-10,r=8,p=2$" + salt + rest,
      "$scrypt$ln=,r=8,p=2$" + salt + rest,
      "$scrypt$ln=10,r=8,p=2$" + salt + "=" + rest,
      "$scrypt$ln=10,r=8,p=2$AAEC" + rest,
      "$scrypt$ln=10,r=8,p=2$" + salt + "$RBjC",
      "$scrypt$ln=10,r=8,p=2$" + salt + rest + "$",
  };
  for (const std::string& text : cases) EXPECT_FALSE(PasswordMatches("correct horse", text)) << text;
}

TEST(PasswordHash, RunsNoHashThatCostsTooMuch) {
  const std::string tail = "$AAECAwQFBgcICQoLDA0ODw$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io-o2v0yqSlo";
  for (const char* cost : {"ln=0,r=8,p=1", "ln=21,r=1,p=1", "ln=16,r=8,p=1", "ln=10,r=33,p=1", "ln=10,r=8,p=17",
                           "ln=10,r=0,p=1", "ln=10,r=8,p=0", "ln=4294967296,r=8,p=1"}) {
    EXPECT_FALSE(PasswordMatches("correct horse", std::string("$scrypt$") + cost + tail)) << cost;
  }
}

TEST(PasswordHash, EvenTheRightPasswordDoesNotMatchAtTooHighACost) {
  // Made by Python's hashlib.scrypt: right, but for r and p beyond our bounds.
  EXPECT_FALSE(PasswordMatches(
      "correct horse", "$scrypt$ln=4,r=33,p=1$AAECAwQFBgcICQoLDA0ODw$er1W-QPMjeU6jNFS0mcK2qJmHsAUOhEIbkOiQKunK30"));
  EXPECT_FALSE(PasswordMatches(
      "correct horse", "$scrypt$ln=4,r=8,p=17$AAECAwQFBgcICQoLDA0ODw$hKeU42BGoEBfnc2RNEyl4UVZ124iJkC4uLuaX8cAH6M"));
}

}  // namespace
}  // namespace hoop

#include "protocol/postgres/scram_password.h"

#include <gtest/gtest.h>

namespace hoop::postgres {
namespace {

TEST(ScramPassword, StaysAsItIsInAscii) {
  EXPECT_EQ(PrepareScramPassword("pencil"), "pencil");
  EXPECT_EQ(PrepareScramPassword(""), "");
  EXPECT_EQ(PrepareScramPassword("a\x07z"), "a\x07z");
}

TEST(ScramPassword, IsMapped) {
  EXPECT_EQ(PrepareScramPassword("I\u00adX"), "IX");            // soft hyphen: nothing
  EXPECT_EQ(PrepareScramPassword("a\u00a0b\u3000c"), "a b c");  // other spaces: a space
  EXPECT_EQ(PrepareScramPassword("a\u200bb"), "a b");           // in both tables: a space, as PostgreSQL has it
  EXPECT_EQ(PrepareScramPassword("pässwörd ☃"), "pässwörd ☃");
}

// The examples of RFC 4013, section 3, and what a keyboard or an input method may leave.
TEST(ScramPassword, IsNormalized) {
  EXPECT_EQ(PrepareScramPassword("\u00aa"), "a");
  EXPECT_EQ(PrepareScramPassword("\u2168"), "IX");
  EXPECT_EQ(PrepareScramPassword("a\u0308"), "ä");
  EXPECT_EQ(PrepareScramPassword("\uff30\uff21\uff33\uff33"), "PASS");
  EXPECT_EQ(PrepareScramPassword("\ufb01n"), "fin");
  EXPECT_EQ(PrepareScramPassword("\uac00"), "\uac00");
}

TEST(ScramPassword, GrowsAsFarAsAnyCharacterDoes) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "\ufdfa";
  EXPECT_EQ(PrepareScramPassword(many).size(), 33'000u);
}

TEST(ScramPassword, StaysRawWhereItCannotBePrepared) {
  for (const std::string raw : {
           "a\u00ad\x07",       // prohibited
           "\u0340",            // prohibited before it is normalized
           "\xff\xfe\u00ad",    // not UTF-8
           "\xed\xa0\x80",      // a surrogate
           "\u00ad",            // nothing would be left
           "\u05d0z",           // both directions
           "\u0627\u0031",      // an Arabic letter first, none at the end
           "\u00ad\U0001f600",  // not in Unicode 3.2
       }) {
    EXPECT_EQ(PrepareScramPassword(raw), raw);
  }
  EXPECT_EQ(PrepareScramPassword("\u05d0\u00ad\u05d1"), "\u05d0\u05d1");  // one direction
}

}  // namespace
}  // namespace hoop::postgres

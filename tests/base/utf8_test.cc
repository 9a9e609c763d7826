#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace hoop {
namespace {

TEST(Utf8, AcceptsEveryLengthAtItsEdges) {
  for (const char* text : {"", "ascii", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8, RefusesOverlongCutSurrogateAndTooLarge) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xe1\x80", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf1\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Utf8, TellsTheBytesOfTheFirstCharacter) {
  EXPECT_EQ(Utf8CharacterBytes(""), 0u);
  EXPECT_EQ(Utf8CharacterBytes("ab"), 1u);
  EXPECT_EQ(Utf8CharacterBytes("ü\xff"), 2u);
  EXPECT_EQ(Utf8CharacterBytes("€!"), 3u);
  EXPECT_EQ(Utf8CharacterBytes("\xf0\x9f\x90\x98"), 4u);
  EXPECT_EQ(Utf8CharacterBytes("\xe2\x82"), 0u);
}

}  // namespace
}  // namespace hoop

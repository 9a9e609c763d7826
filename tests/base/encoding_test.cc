#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace hoop {
namespace {

// RFC 4648, section 10.
TEST(Base64, MatchesTheVectorsOfItsRfc) {
  const struct {
    const char* plain;
    const char* encoded;
    const char* url;
  } kCases[] = {{"", "", ""},
                {"f", "Zg==", "Zg"},
                {"fo", "Zm8=", "Zm8"},
                {"foo", "Zm9v", "Zm9v"},
                {"foob", "Zm9vYg==", "Zm9vYg"},
                {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                {"\xfb\xff\xfe", "+//+", "-__-"}};
  for (const auto& test : kCases) {
    EXPECT_EQ(Base64Encode(test.plain), test.encoded);
    EXPECT_EQ(Base64Decode(test.encoded), test.plain);
    EXPECT_EQ(Base64UrlEncode(test.plain), test.url);
    EXPECT_EQ(Base64UrlDecode(test.url), test.plain);
  }
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "-__-", "====", "=Zg="}) {
    EXPECT_EQ(Base64Decode(text), std::nullopt) << text;
  }
  for (const char* text : {"Z", "Zg==", "Zh", "+//+", "Zm9v=", "Zm9\xff"}) {
    EXPECT_EQ(Base64UrlDecode(text), std::nullopt) << text;
  }
}

TEST(Hex, RoundTripsEveryByte) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(HexDecode(HexEncode(bytes)), bytes);
}

TEST(Hex, WritesLowerAndReadsEitherCase) {
  EXPECT_EQ(HexEncode("\xab\xcd"), "abcd");
  EXPECT_EQ(HexDecode("AbcD"), "\xab\xcd");
}

TEST(Hex, RefusesOddLengthAndStrangeCharacters) {
  for (const char* text : {"a", "abc", "0g", "g0", " 0", "0x"}) EXPECT_EQ(HexDecode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace hoop

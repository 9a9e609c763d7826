#include "store/portable_text.h"

#include <gtest/gtest.h>

#include "store/json_column.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(PortableText, KnowsUtf8) {
  for (const char* good : {"", "plain", "p\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsPortableText(good)) << good;
    EXPECT_EQ(PortableText(good), good);
  }
}

TEST(PortableText, RefusesWhatIsNoUtf8) {
  const std::string_view bad[] = {
      std::string_view("\0", 1),  // PostgreSQL stores no NUL
      "\x80",                     // continues nothing
      "\xc3",                     // cut short
      "\xc0\xaf",                 // a longer form of '/'
      "\xe0\x80\xaf",             // the same in three bytes
      "\xf0\x80\x80\xaf",         // and in four
      "\xed\xa0\x80",             // a surrogate
      "\xf4\x90\x80\x80",         // beyond the last character
      "\xe2\x82",                 // cut short
      "\xe2\x28\xa1",             // not continued
      "\xff",
  };
  for (std::string_view text : bad) {
    EXPECT_FALSE(IsPortableText(text)) << text;
    EXPECT_TRUE(IsPortableText(PortableText(text))) << text;
  }
}

TEST(PortableText, ReplacesOnlyWhatIsWrong) {
  EXPECT_EQ(PortableText("a\xff"
                         "b"),
            "a\xef\xbf\xbd"
            "b");
}

TEST(JsonColumn, ListsAndMapsComeBack) {
  const std::vector<std::string> list = {"bash", "-c", "echo \"x\"\n", ""};
  auto list_back = ListFromJson(ToJson(list));
  ASSERT_OK(list_back);
  EXPECT_EQ(*list_back, list);
  const std::map<std::string, std::string> map = {{"envvar:HOST", "MTI3"}, {"filesystem:KEY", ""}};
  auto map_back = MapFromJson(ToJson(map));
  ASSERT_OK(map_back);
  EXPECT_EQ(*map_back, map);
  ASSERT_OK(ListFromJson(""));
  ASSERT_OK(MapFromJson(""));
}

TEST(JsonColumn, ArgumentsOfAnyBytesBecomeText) { EXPECT_TRUE(IsPortableText(ToJson({std::string("\xff\x00", 2)}))); }

TEST(JsonColumn, RefusesOtherJson) {
  for (const char* text : {"{}", "[1]", "nope", "3", "[\"a\""}) {
    EXPECT_STATUS(ListFromJson(text), absl::StatusCode::kDataLoss, "list");
  }
  for (const char* text : {"[]", "{\"a\":1}", "nope", "\"x\""}) {
    EXPECT_STATUS(MapFromJson(text), absl::StatusCode::kDataLoss, "map");
  }
}

}  // namespace
}  // namespace hoop

#include "tools/hoop/table.h"

#include <gtest/gtest.h>

namespace hoop::cli {
namespace {

TEST(Table, PadsColumns) {
  EXPECT_EQ(FormatTable({{"NAME", "TYPE"}, {"a-long-name", "x"}}), "NAME          TYPE\na-long-name   x\n");
}

TEST(Table, FitsAWidthByShorteningTheWidestButNeverTheFirst) {
  const std::string id(36, 'i'), reason(60, 'r');
  const std::string table = FormatTable({{"ID", "USER", "REASON"}, {id, "me@example.test", reason}}, 80);
  EXPECT_EQ(table.find('\n', table.find('\n') + 1) - table.find('\n') - 1, 80u);
  EXPECT_NE(table.find(id), std::string::npos);
  EXPECT_NE(table.find("me@example.test"), std::string::npos);
  EXPECT_NE(table.find("rrr...\n"), std::string::npos);
}

TEST(Table, WhatCannotFitIsAsNarrowAsItsHeadlines) {
  EXPECT_EQ(FormatTable({{"ID", "CONNECTION"}, {"abcdefgh", "a-connection"}}, 5),
            "ID        CONNECTION\nabcdefgh  a-conne...\n");
}

TEST(Table, CountsCharactersAndKeepsCellsHarmless) {
  EXPECT_EQ(FormatTable({{"A", "B"}, {"\xc3\xa4\xc3\xb6", "\x1b[31m"}}), "A    B\n\xc3\xa4\xc3\xb6   \\x1b[31m\n");
}

TEST(Table, WordsAreReadBackByAShellAsTheyWere) {
  EXPECT_EQ(ShellWord("a-b_c@d%e+f=g:h,i./0"), "a-b_c@d%e+f=g:h,i./0");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("one word"), "'one word'");
  EXPECT_EQ(ShellWord("${S}"), "'${S}'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("a\\\n'\x1b\xff"), "$'a\\\\\\n\\'\\x1b\\xff'");
}

TEST(Table, AgesHaveOneUnit) {
  EXPECT_EQ(AgeText(absl::Seconds(59)), "59s");
  EXPECT_EQ(AgeText(absl::Hours(50)), "2d");
  EXPECT_EQ(AgeText(-absl::Hours(1)), "0s");
}

}  // namespace
}  // namespace hoop::cli

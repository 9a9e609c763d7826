#include "hoop/terminal_size.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

TEST(TerminalSize, ReadsWhatItWrites) {
  const TerminalSize size{.rows = 24, .columns = 80, .width = 640, .height = 65535};
  EXPECT_EQ(TerminalSizeText(size), "24,80,640,65535");
  ASSERT_OK(ParseTerminalSize("24,80,640,65535"));
  EXPECT_EQ(*ParseTerminalSize("24,80,640,65535"), size);
  EXPECT_EQ(*ParseTerminalSize("0,0,0,0"), TerminalSize());
}

TEST(TerminalSize, RefusesEverythingElse) {
  for (const char* text :
       {"", "24", "24,80", "24,80,0", "24,80,0,", "24,80,0,0,", "24,80,0,0,0", "-1,80,0,0", "24,80,0,65536",
        " 24,80,0,0", "24;80;0;0", "a,b,c,d", "24,80,0,0\n", "connect", "end of input"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTerminalSize(text).status())) << text;
  }
}

}  // namespace
}  // namespace hoop

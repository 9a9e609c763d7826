#include "client/screen_modes.h"

#include <gtest/gtest.h>

#include <random>

namespace hoop {
namespace {

std::string ResetAfter(std::string_view output) {
  ScreenModes modes;
  modes.Add(output);
  return modes.Reset();
}

TEST(ScreenModes, NothingIsOnAfterPlainText) {
  EXPECT_EQ(ResetAfter("hello\r\n\x1b[2K\x1b[10;3H\xc3\xa4"), "");
  EXPECT_EQ(ResetAfter("\x1b[?2004h$ \x1b[?2004l\r"), "");
  EXPECT_EQ(ResetAfter("\x1b[1;31mred\x1b[0m"), "");
}

TEST(ScreenModes, SwitchesOffWhatWasLeftOn) {
  EXPECT_EQ(ResetAfter("\x1b[?2004h$ "), "\x1b[?2004l");
  EXPECT_EQ(ResetAfter("\x1b[?25l"), "\x1b[?25h") << "the cursor is on by default";
  EXPECT_EQ(ResetAfter("\x1b[?1000;1006h"), "\x1b[?1000l\x1b[?1006l");
  EXPECT_EQ(ResetAfter("\x1b[31mred"), "\x1b[m");
  EXPECT_EQ(ResetAfter("\x1b="), "\x1b>");
  EXPECT_EQ(ResetAfter("\x1b(0qqq"), "\x1b(B");
  EXPECT_EQ(ResetAfter("\x1b[>4;2m"), "\x1b[>4m");
  EXPECT_EQ(ResetAfter("\x1b[2;10r"), "\x1b\x37\x1b[r\x1b\x38");
}

TEST(ScreenModes, LeavesTheAlternateScreenLast) {
  EXPECT_EQ(ResetAfter("\x1b[?1049h\x1b[1;24r\x1b[?25l"), "\x1b[r\x1b[?25h\x1b[?1049l");
}

TEST(ScreenModes, KnowsASequenceThatIsCutAnywhere) {
  const std::string_view output = "a\x1b]0;title\x1b\\b\x1b[?1049h\x1b[>4;2m\x1b(0";
  for (size_t cut = 0; cut <= output.size(); ++cut) {
    ScreenModes modes;
    modes.Add(output.substr(0, cut));
    modes.Add(output.substr(cut));
    EXPECT_EQ(modes.Reset(), "\x1b[>4m\x1b(B\x1b[?1049l") << cut;
  }
}

TEST(ScreenModes, WhatStandsInATitleIsNoSequence) { EXPECT_EQ(ResetAfter("\x1b]0;[?1049h\a"), ""); }

TEST(ScreenModes, AResetOfTheTerminalSwitchesEverythingOff) {
  EXPECT_EQ(ResetAfter("\x1b[?1049h\x1b[?25l\x1b"
                       "c"),
            "");
}

TEST(ScreenModes, KnowsWhetherALineHasBegun) {
  ScreenModes modes;
  EXPECT_TRUE(modes.at_line_start());
  modes.Add("$ ");
  EXPECT_FALSE(modes.at_line_start());
  modes.Add("exit\r\n\x1b[?2004l\r");
  EXPECT_TRUE(modes.at_line_start());
  modes.Add("\x1b[?1049hfull screen");
  EXPECT_FALSE(modes.at_line_start());
  modes.Add(modes.Reset());
  EXPECT_TRUE(modes.at_line_start()) << "the screen before came back";
}

TEST(ScreenModes, TakesAnyBytes) {
  std::mt19937 random(4711);
  ScreenModes modes;
  std::string bytes;
  for (int i = 0; i < 300000; ++i) {
    const uint32_t pick = random() % 8;
    bytes.push_back(pick == 0   ? '\x1b'
                    : pick == 1 ? '['
                    : pick < 5  ? static_cast<char>('0' + random() % 16)
                                : static_cast<char>(random()));
  }
  modes.Add(bytes);
  modes.Add(std::string(100000, ';'));
  modes.Add("\x18\x1b[?25" + std::string(1000, '9') + "h");
  EXPECT_LT(modes.Reset().size(), 300u);
}

}  // namespace
}  // namespace hoop

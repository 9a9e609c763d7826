#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "hoop/descriptors.h"
#include "net/descriptor.h"
#include "tests/support/status_matchers.h"

namespace hoop {
namespace {

// Both sides of a terminal: the user's hands and eyes, and what a program gets.
class TerminalPair {
 public:
  TerminalPair() {
    int far = -1, near = -1;
    winsize size{.ws_row = 33, .ws_col = 101, .ws_xpixel = 800, .ws_ypixel = 600};
    EXPECT_EQ(::openpty(&far, &near, nullptr, nullptr, &size), 0);
    user = Descriptor(far);
    program = Descriptor(near);
    before = Modes();
  }
  termios Modes() const {
    termios modes{};
    EXPECT_EQ(::tcgetattr(program.get(), &modes), 0);
    return modes;
  }
  bool IsAsBefore() const {
    const termios now = Modes();
    return now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag && now.c_cflag == before.c_cflag &&
           now.c_lflag == before.c_lflag && now.c_cc[VMIN] == before.c_cc[VMIN];
  }
  void Type(std::string_view keys) const {
    EXPECT_EQ(::write(user.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  std::string See(size_t bytes) const {
    std::string seen(bytes, '\0');
    size_t size = 0;
    while (size < bytes) {
      const ssize_t count = ::read(user.get(), seen.data() + size, bytes - size);
      if (count <= 0) break;
      size += static_cast<size_t>(count);
    }
    seen.resize(size);
    return seen;
  }

  Descriptor user, program;
  termios before{};
};

TEST(DescriptorTerminal, PassesEveryKeyAndGivesTheModesBack) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
  ASSERT_OK(terminal.Begin());
  const std::string_view keys("a\r\x03\x1a\x1c\x04\x11\x13\x7f\x1b[A\xc3\xa4\0", 15);
  pair.Type(keys);
  std::string read(keys.size(), '\0');
  size_t size = 0;
  while (size < keys.size()) {
    const auto count = terminal.input().Read(read.data() + size, read.size() - size);
    ASSERT_OK(count);
    ASSERT_GT(*count, 0u);
    size += *count;
  }
  EXPECT_EQ(read, keys);
  ASSERT_OK(terminal.output().Write(ClientOutput::Channel::kStdout, "x\ny"));
  EXPECT_EQ(pair.See(3), "x\ny") << "nothing is echoed, nothing added to a line feed";
  terminal.End();
  EXPECT_TRUE(pair.IsAsBefore());
}

TEST(DescriptorTerminal, TellsItsSize) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
  EXPECT_EQ(terminal.Size(), (TerminalSize{33, 101, 800, 600}));
}

TEST(DescriptorTerminal, NoTerminalIsSaid) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const Descriptor reader(pipe[0]), writer(pipe[1]);
  DescriptorTerminal terminal(reader.get(), writer.get(), DescriptorTerminal::Keys::kPassed);
  EXPECT_STATUS(terminal.Begin(), absl::StatusCode::kFailedPrecondition,
                "could not allocate a tty, wrong type of device");
  DescriptorTerminal screen(reader.get(), writer.get(), DescriptorTerminal::Keys::kIgnored);
  EXPECT_OK(screen.Begin()) << "a replay needs no keys";
}

TEST(DescriptorTerminal, IsGivenBackByItsDestructor) {
  TerminalPair pair;
  {
    DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
    ASSERT_OK(terminal.Begin());
    EXPECT_FALSE(pair.IsAsBefore());
  }
  EXPECT_TRUE(pair.IsAsBefore());
}

TEST(DescriptorTerminal, SwitchesOffWhatAProgramLeftOn) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
  ASSERT_OK(terminal.Begin());
  const std::string_view left_on = "\x1b[?1049h\x1b[?1000hvim";
  ASSERT_OK(terminal.output().Write(ClientOutput::Channel::kStdout, left_on));
  EXPECT_EQ(pair.See(left_on.size()), left_on);
  EXPECT_FALSE(terminal.at_line_start());
  terminal.End();
  EXPECT_EQ(pair.See(16), "\x1b[?1000l\x1b[?1049l");
  EXPECT_TRUE(terminal.at_line_start());
}

TEST(DescriptorTerminal, AStopGivesItBackForItsTime) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
  terminal.Resume();
  EXPECT_TRUE(pair.IsAsBefore()) << "it has not begun";
  ASSERT_OK(terminal.Begin());
  terminal.Pause();
  EXPECT_TRUE(pair.IsAsBefore());
  terminal.Resume();
  EXPECT_FALSE(pair.IsAsBefore());
  terminal.End();
  EXPECT_TRUE(pair.IsAsBefore());
  terminal.Resume();
  EXPECT_TRUE(pair.IsAsBefore()) << "it is over";
}

TEST(DescriptorTerminal, AReadThatWaitsEndsWithStop) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kPassed);
  ASSERT_OK(terminal.Begin());
  std::thread stopper([&terminal] { terminal.input().Stop(); });
  char byte = 0;
  const auto count = terminal.input().Read(&byte, 1);
  stopper.join();
  ASSERT_OK(count);
  EXPECT_EQ(*count, 0u);
}

// A terminal answers what it is asked as if keys were typed.
TEST(DescriptorTerminal, AReplayTakesTheTerminalsAnswersAndKeys) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kIgnored);
  ASSERT_OK(terminal.Begin());
  const std::string_view question = "\x1b[6n";
  ASSERT_OK(terminal.output().Write(ClientOutput::Channel::kStdout, question));
  std::thread user([&pair, question] {
    EXPECT_EQ(pair.See(question.size()), question);
    EXPECT_EQ(pair.See(4), "\x1b[5n") << "the last question";
    pair.Type("keys\x1b[12;40R\x1b[0n");
  });
  terminal.End();
  user.join();
  EXPECT_TRUE(pair.IsAsBefore());
  pair.Type("next\r");
  char line[64];
  EXPECT_EQ(::read(pair.program.get(), line, sizeof(line)), 5) << "what is typed next is all there is";
}

TEST(DescriptorTerminal, ATerminalThatDoesNotAnswerIsGivenBackAllTheSame) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kIgnored);
  ASSERT_OK(terminal.Begin());
  terminal.End();
  EXPECT_TRUE(pair.IsAsBefore());
}

TEST(DescriptorTerminal, OneThatTalksWithoutEndIsGivenBackAllTheSame) {
  TerminalPair pair;
  DescriptorTerminal terminal(pair.program.get(), pair.program.get(), DescriptorTerminal::Keys::kIgnored);
  ASSERT_OK(terminal.Begin());
  std::atomic<bool> ended = false;
  std::thread user([&pair, &ended] {
    const std::string keys(1000, 'x');
    while (!ended) (void)!::write(pair.user.get(), keys.data(), keys.size());
  });
  terminal.End();
  EXPECT_TRUE(pair.IsAsBefore());
  ended = true;
  ::tcflush(pair.program.get(), TCIFLUSH);  // its last words have room
  user.join();
}

}  // namespace
}  // namespace hoop

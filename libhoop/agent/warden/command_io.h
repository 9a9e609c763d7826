// What a command reads and writes: three pipes, or a terminal. Made by its keeper, which hands one side to the command
// and the other to the agent.
#pragma once

#include "absl/status/statusor.h"
#include "hoop/terminal_size.h"
#include "net/descriptor.h"

namespace hoop {

// Both sides; all close-on-exec, none of them 0, 1 or 2 in a process that keeps those open.
struct CommandIo {
  bool is_terminal = false;
  // The command's: its standard input, output and error output.
  Descriptor input;
  Descriptor output;
  Descriptor error;
  // The agent's: to write, to read, and its error output or, of a terminal, what sets the size.
  Descriptor near_input;
  Descriptor near_output;
  Descriptor near_other;
};

absl::StatusOr<CommandIo> MakePipes();

// In the modes of a new terminal, for UTF-8. It hangs up when the last of the agent's descriptors closes.
absl::StatusOr<CommandIo> MakeTerminal(const TerminalSize& size);

absl::Status SetTerminalSize(const Descriptor& terminal, const TerminalSize& size);

// In the command's process, on its standard input, behind setsid(): signals of the keyboard are for it from now on.
bool BecomeControllingTerminal();

}  // namespace hoop

#include "agent/warden/command_io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>
#include <utility>

#include "agent/warden/messages.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

absl::StatusOr<Descriptor> Duplicate(const Descriptor& descriptor) {
  Descriptor copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open()) return ErrnoStatus(errno, "open a terminal");
  return copy;
}

}  // namespace

absl::StatusOr<CommandIo> MakePipes() {
  HOOP_ASSIGN_OR_RETURN(DescriptorPair input, MakePipe());
  HOOP_ASSIGN_OR_RETURN(DescriptorPair output, MakePipe());
  HOOP_ASSIGN_OR_RETURN(DescriptorPair error, MakePipe());
  return CommandIo{.input = std::move(input.first),
                   .output = std::move(output.second),
                   .error = std::move(error.second),
                   .near_input = std::move(input.second),
                   .near_output = std::move(output.first),
                   .near_other = std::move(error.first)};
}

absl::StatusOr<CommandIo> MakeTerminal(const TerminalSize& size) {
  CommandIo io{.is_terminal = true};
  io.near_input = Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!io.near_input.is_open() || ::grantpt(io.near_input.get()) != 0 || ::unlockpt(io.near_input.get()) != 0) {
    return ErrnoStatus(errno, "open a terminal");
  }
  // Not by its name: that may mean another file in here.
  io.input = Descriptor(::ioctl(io.near_input.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios modes{};
  if (!io.input.is_open() || ::tcgetattr(io.input.get(), &modes) != 0) return ErrnoStatus(errno, "open a terminal");
  modes.c_iflag |= IUTF8;  // backspace takes a whole character away
  if (::tcsetattr(io.input.get(), TCSANOW, &modes) != 0) return ErrnoStatus(errno, "open a terminal");
  HOOP_RETURN_IF_ERROR(SetTerminalSize(io.near_input, size));
  HOOP_ASSIGN_OR_RETURN(io.output, Duplicate(io.input));
  HOOP_ASSIGN_OR_RETURN(io.error, Duplicate(io.input));
  HOOP_ASSIGN_OR_RETURN(io.near_output, Duplicate(io.near_input));
  HOOP_ASSIGN_OR_RETURN(io.near_other, Duplicate(io.near_input));
  return io;
}

absl::Status SetTerminalSize(const Descriptor& terminal, const TerminalSize& size) {
  const winsize window{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = size.width, .ws_ypixel = size.height};
  if (::ioctl(terminal.get(), TIOCSWINSZ, &window) != 0) return ErrnoStatus(errno, "set the size of a terminal");
  return absl::OkStatus();
}

bool BecomeControllingTerminal() { return ::ioctl(0, TIOCSCTTY, 0) == 0; }

}  // namespace hoop

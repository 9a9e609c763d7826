// The text of a terminal's size: hoop/terminal_size.h. Written by the client, read by the agent and by replays.
#include "hoop/terminal_size.h"

#include <charconv>

#include "base/status.h"

namespace hoop {

std::string TerminalSizeText(const TerminalSize& size) {
  return fmt::format("{},{},{},{}", size.rows, size.columns, size.width, size.height);
}

absl::StatusOr<TerminalSize> ParseTerminalSize(std::string_view text) {
  TerminalSize size;
  std::string_view left = text;
  for (uint16_t* number : {&size.rows, &size.columns, &size.width, &size.height}) {
    const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), *number);
    left.remove_prefix(static_cast<size_t>(end - left.data()));
    const bool is_last = number == &size.height;
    const bool good = error == std::errc() && (is_last ? left.empty() : left.starts_with(','));
    if (!good) return InvalidArgument("terminal size \"{}\": not rows,columns,width,height", text.substr(0, 64));
    if (!is_last) left.remove_prefix(1);
  }
  return size;
}

}  // namespace hoop

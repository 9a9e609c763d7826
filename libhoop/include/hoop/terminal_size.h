// The size of a terminal: what client and agent tell each other, and what stands in a session's record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hoop {

// A value. Zero: not known.
struct TerminalSize {
  uint16_t rows = 0;
  uint16_t columns = 0;
  uint16_t width = 0;  // in pixels
  uint16_t height = 0;

  bool operator==(const TerminalSize&) const = default;
};

// "rows,columns,width,height": as it travels and as it is recorded.
std::string TerminalSizeText(const TerminalSize& size);
// InvalidArgument: not that.
absl::StatusOr<TerminalSize> ParseTerminalSize(std::string_view text);

}  // namespace hoop

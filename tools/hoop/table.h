// Text for people: columns, one-line forms of foreign text, sizes and times. Used by the commands that show things.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace hoop::cli {

// Columns padded with spaces, three between them. Cells are made harmless first.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

// Recorded text must not move the cursor or colour the terminal of who looks at it: control characters (C0, C1) become
// \n, \t, \xNN, as do bytes that are no UTF-8.
std::string Harmless(std::string_view text);
// At most `length` characters, "..." at a cut.
std::string Shortened(std::string_view text, size_t length);

std::string TimeText(const std::optional<absl::Time>& time);  // local time, seconds; "-" for none
std::string AgeText(absl::Duration age);                      // "5s", "3m", "2h", "4d"

}  // namespace hoop::cli

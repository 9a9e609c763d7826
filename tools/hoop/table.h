// Text for people: columns, one-line forms of foreign text, sizes and times. Used by the commands that show things.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace hoop::cli {

using Rows = std::vector<std::vector<std::string>>;

// Columns padded with spaces, three between them. Cells are made harmless first. With a `width` columns behind the
// first one are shortened, the widest first, until the lines fit: a name or an id is whole, and so is each headline.
std::string FormatTable(const Rows& rows, size_t width = 0);
// Of the terminal on stdout; 0: there is none.
size_t TerminalWidth();
// To stdout: as wide as it has to be, or as wide as the terminal is. Scripts always get everything.
void PrintTable(const Rows& rows, bool wide = false);

// Recorded text must not move the cursor or colour the terminal of who looks at it: control characters (C0, C1) become
// \n, \t, \xNN, as do bytes that are no UTF-8.
std::string Harmless(std::string_view text);
// As a shell reads it back as this one word, on one line: in quotes where it needs them.
std::string ShellWord(std::string_view word);
// At most `length` characters, "..." at a cut.
std::string Shortened(std::string_view text, size_t length);

std::string TimeText(const std::optional<absl::Time>& time);  // local time, seconds; "-" for none
std::string AgeText(absl::Duration age);                      // "5s", "3m", "2h", "4d"

}  // namespace hoop::cli

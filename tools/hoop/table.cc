#include "table.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "program.h"

namespace hoop::cli {
namespace {

constexpr size_t kGap = 3;
constexpr size_t kNarrowGap = 2;     // where columns had to be shortened
constexpr size_t kCellWidthMin = 6;  // "abc..."

size_t Width(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Bytes of the UTF-8 character that `text` begins with (RFC 3629, no overlong forms); 0: it begins with none.
size_t CharacterBytes(std::string_view text) {
  const auto at = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t size = at(0) < 0x80 ? 1 : at(0) < 0xc2 ? 0 : at(0) < 0xe0 ? 2 : at(0) < 0xf0 ? 3 : at(0) < 0xf5 ? 4 : 0;
  if (size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (at(0) == 0xe0 && at(1) < 0xa0) || (at(0) == 0xf0 && at(1) < 0x90);
  return overlong ? 0 : size;
}

// C0, DEL and C1: U+009B begins an escape sequence as ESC [ does.
bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

size_t LineWidth(const std::vector<size_t>& widths, size_t gap) {
  return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

// Takes from the widest columns what is too much.
void Fit(std::vector<size_t>& widths, const std::vector<std::string>& headline, size_t width) {
  size_t total = LineWidth(widths, kNarrowGap);
  while (total > width) {
    size_t widest = 0;
    for (size_t i = 1; i < widths.size(); ++i) {
      const size_t least = std::max(Width(headline[i]), kCellWidthMin);
      if (widths[i] > least && (widest == 0 || widths[i] > widths[widest])) widest = i;
    }
    if (widest == 0) return;
    --widths[widest];
    --total;
  }
}

}  // namespace

std::string FormatTable(const Rows& rows, size_t width) {
  std::vector<size_t> widths;
  Rows cells = rows;
  for (auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = Harmless(row[i]);
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  const bool narrow = width > 0 && !cells.empty() && LineWidth(widths, kGap) > width;
  if (narrow) Fit(widths, cells.front(), width);
  std::string table;
  for (const auto& row : cells) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string cell = Shortened(row[i], widths[i]);
      table += cell;
      if (i + 1 < row.size()) table.append(widths[i] - Width(cell) + (narrow ? kNarrowGap : kGap), ' ');
    }
    table += '\n';
  }
  return table;
}

size_t TerminalWidth() {
  winsize size = {};
  return ::isatty(STDOUT_FILENO) != 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void PrintTable(const Rows& rows, bool wide) { Print(FormatTable(rows, wide ? 0 : TerminalWidth())); }

std::string Harmless(std::string_view text) {
  std::string harmless;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    const std::string_view character = text.substr(0, std::max<size_t>(size, 1));
    text.remove_prefix(character.size());
    if (character == "\n") {
      harmless += "\\n";
    } else if (character == "\t") {
      harmless += "\\t";
    } else if (size > 0 && !IsControl(character)) {
      harmless += character;
    } else {
      for (const char c : character) harmless += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return harmless;
}

std::string ShellWord(std::string_view word) {
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  if (Harmless(word) == word) return fmt::format("'{}'", absl::StrReplaceAll(std::string(word), {{"'", "'\\''"}}));
  return fmt::format("$'{}'", Harmless(absl::StrReplaceAll(std::string(word), {{"\\", "\\\\"}, {"'", "\\'"}})));
}

std::string Shortened(std::string_view text, size_t length) {
  if (Width(text) <= length) return std::string(text);
  size_t end = 0;
  for (size_t characters = 0; end < text.size(); ++end) {
    if ((text[end] & 0xc0) != 0x80 && characters++ == length - 3) break;
  }
  return std::string(text.substr(0, end)) + "...";
}

std::string TimeText(const std::optional<absl::Time>& time) {
  return time ? absl::FormatTime("%Y-%m-%d %H:%M:%S", *time, absl::LocalTimeZone()) : "-";
}

std::string AgeText(absl::Duration age) {
  const int64_t seconds = std::max<int64_t>(absl::ToInt64Seconds(age), 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

}  // namespace hoop::cli

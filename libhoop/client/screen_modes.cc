#include "client/screen_modes.h"

#include <algorithm>

#include "base/status.h"

namespace hoop {
namespace {

struct Mode {
  uint32_t number;
  bool by_default;
};

// Those that disturb a shell when they stay: cursor keys, reverse video, origin, wrapping, mouse, focus, cursor, paste.
constexpr Mode kModes[] = {{1, false},    {5, false},    {6, false},    {7, true},     {9, false},
                           {25, true},    {1000, false}, {1001, false}, {1002, false}, {1003, false},
                           {1004, false}, {1005, false}, {1006, false}, {1015, false}, {1016, false},
                           {2004, false}, {47, false},   {1047, false}, {1049, false}};

bool IsAlternateScreen(uint32_t mode) { return mode == 47 || mode == 1047 || mode == 1049; }

constexpr uint32_t kParameterMax = 65535;

}  // namespace

void ScreenModes::Add(std::string_view output) {
  for (const char c : output) AddByte(c);
}

void ScreenModes::AddByte(char c) {
  const auto byte = static_cast<uint8_t>(c);
  if (byte == 0x1b) {
    const bool in_string = state_ == State::kString || state_ == State::kStringEscape;
    state_ = in_string ? State::kStringEscape : State::kEscape;
    return;
  }
  switch (state_) {
    case State::kText:
      if (c == '\n') at_line_start_ = true;
      if (byte >= 0x20 && byte != 0x7f) at_line_start_ = false;
      return;
    case State::kEscape:
      return OnEscape(c);
    case State::kCharset:
      line_drawing_ = c == '0';
      state_ = State::kText;
      return;
    case State::kString:  // a title, a clipboard: up to BEL or ESC backslash
      if (c == '\a') state_ = State::kText;
      return;
    case State::kStringEscape:
      state_ = State::kText;
      if (c != '\\') OnEscape(c);
      return;
    case State::kSequence:
      break;
  }
  if (c >= '0' && c <= '9') {
    uint32_t& parameter = parameters_[parameter_count_];
    parameter = std::min(kParameterMax, parameter * 10 + static_cast<uint32_t>(c - '0'));
  } else if (c == ';' || c == ':') {
    if (parameter_count_ + 1 < parameters_.size()) {
      parameters_[++parameter_count_] = 0;
    } else {
      odd_ = true;
    }
  } else if (c >= '<' && c <= '?') {
    private_mark_ = c;
  } else if (byte >= 0x20 && byte < 0x30) {
    odd_ = true;
  } else if (byte >= 0x40 && byte < 0x7f) {
    state_ = State::kText;
    OnSequence(c);
  } else if (byte == 0x18 || byte == 0x1a) {
    state_ = State::kText;  // cancelled
  }
}

void ScreenModes::OnEscape(char c) {
  state_ = State::kText;
  switch (c) {
    case '[':
      state_ = State::kSequence;
      private_mark_ = 0;
      odd_ = false;
      parameter_count_ = 0;
      parameters_[0] = 0;
      return;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
      state_ = State::kString;
      return;
    case '(':
      state_ = State::kCharset;
      return;
    case '=':
    case '>':
      keypad_ = c == '=';
      return;
    case 'c':  // everything as at power-on
      *this = ScreenModes();
      return;
    default:
      return;
  }
}

void ScreenModes::OnSequence(char final_byte) {
  if (odd_) return;
  const size_t count = parameter_count_ + 1;
  if (private_mark_ == '?' && (final_byte == 'h' || final_byte == 'l')) {
    for (size_t i = 0; i < count; ++i) OnMode(parameters_[i], final_byte == 'h');
  } else if (private_mark_ == '>' && final_byte == 'm' && parameters_[0] == 4) {
    modified_keys_ = count > 1 && parameters_[1] != 0;
  } else if (private_mark_ == 0 && final_byte == 'm') {
    attributes_ = std::any_of(parameters_.begin(), parameters_.begin() + static_cast<std::ptrdiff_t>(count),
                              [](uint32_t parameter) { return parameter != 0; });
  } else if (private_mark_ == 0 && final_byte == 'r') {
    margins_ = parameters_[0] != 0 || count > 1;
  }
}

void ScreenModes::OnMode(uint32_t number, bool on) {
  for (const Mode& mode : kModes) {
    if (mode.number != number) continue;
    if (IsAlternateScreen(number)) {
      if (on && !modes_.contains(number)) at_line_start_before_ = at_line_start_;
      if (!on && modes_.contains(number)) at_line_start_ = at_line_start_before_;
    }
    if (on == mode.by_default) {
      modes_.erase(number);
    } else {
      modes_[number] = on;
    }
  }
}

std::string ScreenModes::Reset() const {
  const bool alternate =
      std::any_of(modes_.begin(), modes_.end(), [](const auto& m) { return IsAlternateScreen(m.first); });
  std::string reset;
  // Margins move the cursor when they go: on the alternate screen that does not matter.
  if (margins_) reset += alternate ? "\x1b[r" : "\x1b\x37\x1b[r\x1b\x38";
  for (const auto& [number, on] : modes_) {
    if (!IsAlternateScreen(number)) reset += fmt::format("\x1b[?{}{}", number, on ? 'l' : 'h');
  }
  if (modified_keys_) reset += "\x1b[>4m";
  if (keypad_) reset += "\x1b>";
  if (line_drawing_) reset += "\x1b(B";
  if (attributes_) reset += "\x1b[m";
  for (const auto& [number, on] : modes_) {
    if (IsAlternateScreen(number)) reset += fmt::format("\x1b[?{}l", number);
  }
  return reset;
}

}  // namespace hoop

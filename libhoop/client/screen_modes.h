// What programs on the far side have switched on in the user's terminal: so that it can be switched off again when
// they had no chance to. Used by DescriptorTerminal.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hoop {

// Reads a terminal's output as it passes: modes, attributes, alternate screen. A value; any input, bounded memory.
class ScreenModes final {
 public:
  void Add(std::string_view output);

  // The sequences that switch off what is on. Empty: nothing is.
  std::string Reset() const;

  // Nothing stands on the cursor's line.
  bool at_line_start() const { return at_line_start_; }

 private:
  enum class State : uint8_t { kText, kEscape, kCharset, kSequence, kString, kStringEscape };

  void AddByte(char c);
  void OnEscape(char c);
  void OnSequence(char final_byte);
  void OnMode(uint32_t number, bool on);

  State state_ = State::kText;
  // Of a control sequence (CSI) that is not complete.
  char private_mark_ = 0;
  bool odd_ = false;  // has intermediate bytes, or more parameters than anything needs
  size_t parameter_count_ = 0;
  std::array<uint32_t, 32> parameters_ = {};

  std::map<uint32_t, bool> modes_;  // private modes that are not as they are by default; bounded by what is known
  bool attributes_ = false;         // colours, bold ...
  bool margins_ = false;
  bool keypad_ = false;         // keys of applications
  bool line_drawing_ = false;   // letters look like lines
  bool modified_keys_ = false;  // xterm's modifyOtherKeys
  bool at_line_start_ = true;
  bool at_line_start_before_ = true;  // the alternate screen came
};

}  // namespace hoop

// Text for roff, the language of manual pages: what `hoop man` and the services' --manual write.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

// Nothing in the text is a request or an escape any more.
inline std::string Roff(std::string_view text) {
  std::string roff;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) roff += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      roff += "\\e";
    } else if (c == '-') {
      roff += "\\-";
    } else {
      roff += c;
    }
  }
  return roff;
}

}  // namespace hoop

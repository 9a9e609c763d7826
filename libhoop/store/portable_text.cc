#include "store/portable_text.h"

#include "base/utf8.h"

namespace hoop {
namespace {

// Of the character that `text` begins with; PostgreSQL's text has no zero byte.
size_t CharacterBytes(std::string_view text) { return text.front() == '\0' ? 0 : Utf8CharacterBytes(text); }

}  // namespace

bool IsPortableText(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string PortableText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return out;
}

}  // namespace hoop

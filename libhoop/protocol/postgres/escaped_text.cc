#include "protocol/postgres/escaped_text.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace hoop::postgres {
namespace {

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f || (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

}  // namespace

std::string EscapedText(std::string_view text, std::string_view separators) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const size_t size = Utf8CharacterBytes(text);
    const std::string_view character = text.substr(0, size == 0 ? 1 : size);
    text.remove_prefix(character.size());
    if (character == "\n") {
      escaped += "\\n";
    } else if (character == "\r") {
      escaped += "\\r";
    } else if (character == "\t") {
      escaped += "\\t";
    } else if (size == 0 || IsControl(character)) {
      escaped += EscapedBytes(character);
    } else {
      if (character == "\\" || separators.find(character) != std::string_view::npos) escaped += '\\';
      escaped += character;
    }
  }
  return escaped;
}

std::string EscapedBytes(std::string_view bytes) {
  std::string escaped;
  escaped.reserve(bytes.size() * 4);
  for (const unsigned char byte : bytes) escaped += fmt::format("\\x{:02x}", byte);
  return escaped;
}

}  // namespace hoop::postgres

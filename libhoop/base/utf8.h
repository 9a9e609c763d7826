// UTF-8 (RFC 3629): what Go peers demand of types and keys, and what people can be shown.
#pragma once

#include <cstddef>
#include <string_view>

namespace hoop {

// Bytes of the well-formed character that `text` begins with (Unicode table 3-7); 0 when it begins with none.
size_t Utf8CharacterBytes(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace hoop

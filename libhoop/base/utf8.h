// UTF-8 (RFC 3629): what Go peers demand of types and keys.
#pragma once

#include <string_view>

namespace hoop {

bool IsUtf8(std::string_view text);

}  // namespace hoop

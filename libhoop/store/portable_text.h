// Text that both engines store: UTF-8 without NUL. Checked for every parameter; cleaned where peers wrote the text.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

bool IsPortableText(std::string_view text);

// Every byte that does not belong becomes U+FFFD.
std::string PortableText(std::string_view text);

}  // namespace hoop

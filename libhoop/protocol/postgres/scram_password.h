// The password as the server keeps it. Used by scram.
#pragma once

#include <string>
#include <string_view>

namespace hoop::postgres {

// As SASLprep (RFC 4013) leaves it; where that refuses it (not UTF-8, characters that are prohibited or that Unicode
// 3.2 does not know, mixed directions, nothing left), the raw bytes, as the server does. Any thread.
std::string PrepareScramPassword(std::string_view password);

}  // namespace hoop::postgres

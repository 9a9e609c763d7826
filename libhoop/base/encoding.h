// Hexadecimal and base64 (RFC 4648), strict in what they accept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hoop {

std::string HexEncode(std::string_view bytes);                      // lower case
std::optional<std::string> HexDecode(std::string_view text);        // either case
std::string Base64Encode(std::string_view bytes);                   // with padding
std::optional<std::string> Base64Decode(std::string_view text);     // padding demanded, zero tail bits
std::string Base64UrlEncode(std::string_view bytes);                // without padding
std::optional<std::string> Base64UrlDecode(std::string_view text);  // no padding, zero tail bits

}  // namespace hoop

// SHA-256, name-based UUIDs and comparison in constant time, from OpenSSL. Used inside identity/, and by rest/ for the
// ids that clients compute as well.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

std::string Sha256(std::string_view bytes);     // 32 bytes
std::string Sha256Hex(std::string_view bytes);  // lower case

// UUID version 5 in the URL name space.
std::string UrlUuid(std::string_view name);

// Takes as long for equal texts as for different ones of the same length.
bool EqualSecrets(std::string_view a, std::string_view b);

}  // namespace hoop

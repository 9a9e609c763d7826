// API keys: made, hashed. Used by rest/ when one is made and by LocalVerifier when one is shown.
#pragma once

#include <string>
#include <string_view>

namespace hoop {

inline constexpr std::string_view kApiKeyPrefix = "hpk_";

// The prefix and 43 characters.
std::string NewApiKey();

// What is stored: hex SHA-256 over the whole key, prefix included.
std::string HashApiKey(std::string_view key);

// What people tell keys apart by: a few letters, then stars.
std::string MaskApiKey(std::string_view key);

}  // namespace hoop

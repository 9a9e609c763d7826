#include "identity/api_keys.h"

#include "base/ids.h"
#include "identity/digest.h"

namespace hoop {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kShownLetters = 8;  // prefix included

}  // namespace

std::string NewApiKey() { return std::string(kApiKeyPrefix) + RandomToken(kKeyBytes); }

std::string HashApiKey(std::string_view key) { return Sha256Hex(key); }

std::string MaskApiKey(std::string_view key) {
  if (key.size() <= kShownLetters) return std::string(key.size(), '*');
  return std::string(key.substr(0, kShownLetters)) + std::string(key.size() - kShownLetters, '*');
}

}  // namespace hoop

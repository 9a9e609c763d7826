#include "identity/secrets_key.h"

#include <openssl/evp.h>

#include <cctype>

#include "base/check.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/value_file.h"
#include "identity/secret_file.h"

namespace hoop {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr std::string_view kFile = "file://";
constexpr std::string_view kBase64 = "base64://";
// A phrase has no salt of its own: the key has to be the same on every gateway that shares the database.
constexpr std::string_view kPhraseSalt = "hoop secrets key phrase";
constexpr uint64_t kPhraseCost = 1 << 15;  // 32 MiB and a tenth of a second, once

std::string Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  return std::string(text);
}

absl::StatusOr<std::string> ReadKeyFile(std::string_view variable, const std::string& path) {
  HOOP_ASSIGN_OR_RETURN(const std::string text, ReadValueFile(variable, path, limits::kSecretFileBytesMax));
  return Trimmed(text);
}

std::string KeyOfPhrase(std::string_view phrase) {
  std::string key(kKeyBytes, '\0');
  HOOP_CHECK(EVP_PBE_scrypt(phrase.data(), phrase.size(), reinterpret_cast<const unsigned char*>(kPhraseSalt.data()),
                            kPhraseSalt.size(), kPhraseCost, 8, 1, 64 << 20,
                            reinterpret_cast<unsigned char*>(key.data()), key.size()) == 1);
  return key;
}

}  // namespace

absl::StatusOr<std::string> ParseSecretsKey(std::string_view variable, std::string_view value) {
  std::string text = Trimmed(value);
  if (text.starts_with(kFile)) {
    HOOP_ASSIGN_OR_RETURN(text, ReadKeyFile(variable, text.substr(kFile.size())));
  }
  const bool is_base64 = text.starts_with(kBase64);
  if (is_base64) text.erase(0, kBase64.size());
  for (std::optional<std::string> key : {Base64Decode(text), HexDecode(text)}) {
    if (key.has_value() && key->size() == kKeyBytes) return *std::move(key);
  }
  if (is_base64 || text.size() < limits::kSecretsPhraseBytesMin) {
    return InvalidArgument("{}: is neither base64 of {} bytes (openssl rand -base64 {}) nor a phrase of {} characters",
                           variable, kKeyBytes, kKeyBytes, limits::kSecretsPhraseBytesMin);
  }
  return KeyOfPhrase(text);
}

absl::StatusOr<std::string> LoadOrMakeSecretsKey(const std::string& path) {
  absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (absl::IsNotFound(text.status())) {
    std::string key(kKeyBytes, '\0');
    RandomBytes(key.data(), key.size());
    const absl::Status created = CreateSecretFile(path, Base64Encode(key) + "\n");
    if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
    text = ReadSecretFile(path);
  }
  HOOP_RETURN_IF_ERROR(text.status());
  std::optional<std::string> key = Base64Decode(Trimmed(*text));
  if (!key.has_value() || key->size() != kKeyBytes) {
    return FailedPrecondition("file {}: is no base64 of {} bytes", path, kKeyBytes);
  }
  return *std::move(key);
}

}  // namespace hoop

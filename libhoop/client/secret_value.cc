// What the text of a connection's variable means: for api_objects.h.
#include "base/encoding.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "hoop/api_objects.h"
#include "hoop/value_file.h"

namespace hoop {
namespace {

using ReadFile = absl::StatusOr<std::string> (*)(std::string_view variable, const std::string& path, size_t bytes_max);

absl::StatusOr<std::string> Meaning(std::string_view variable, std::string_view text, ReadFile read_file) {
  constexpr std::string_view kBase64 = "base64://", kFile = "file://";
  if (text.starts_with(kBase64)) {
    auto value = Base64Decode(text.substr(kBase64.size()));
    if (!value) return InvalidArgument("{}: what follows base64:// is not base64", variable);
    return *std::move(value);
  }
  if (!text.starts_with(kFile)) return std::string(text);
  return read_file(variable, std::string(text.substr(kFile.size())), limits::kSecretValueBytesMax);
}

}  // namespace

absl::StatusOr<std::string> SecretValue(std::string_view variable, std::string_view text) {
  return Meaning(variable, text, ReadTextFile);
}

absl::StatusOr<std::string> SecretContent(std::string_view variable, std::string_view text) {
  return Meaning(variable, text, ReadValueFile);
}

}  // namespace hoop

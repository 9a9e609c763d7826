// What the text of a connection's variable means: for api_objects.h.
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "hoop/api_objects.h"

namespace hoop {

absl::StatusOr<std::string> SecretValue(std::string_view variable, std::string_view text) {
  constexpr std::string_view kBase64 = "base64://", kFile = "file://";
  if (text.starts_with(kBase64)) {
    auto value = Base64Decode(text.substr(kBase64.size()));
    if (!value) return InvalidArgument("{}: what follows base64:// is not base64", variable);
    return *std::move(value);
  }
  if (!text.starts_with(kFile)) return std::string(text);
  const std::string path(text.substr(kFile.size()));
  std::ifstream file(path, std::ios::binary);
  if (!file) return InvalidArgument("{}: {} cannot be read", variable, path);
  std::string value(limits::kSecretFileBytesMax + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return InvalidArgument("{}: {} cannot be read", variable, path);
  if (value.size() > limits::kSecretFileBytesMax) {
    return InvalidArgument("{}: {} has more than {} bytes", variable, path, limits::kSecretFileBytesMax);
  }
  return value;
}

}  // namespace hoop

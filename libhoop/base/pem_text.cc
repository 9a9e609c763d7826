// LoadPem of hoop/tls.h. Only finds the text; whether it is good is said by who uses it.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>

#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/tls.h"

namespace hoop {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kFile = "file://";
constexpr std::string_view kBase64 = "base64://";
constexpr std::streamsize kFileBytesMax = 1 << 20;  // a bundle of all public authorities is a fifth of it

absl::StatusOr<std::string> ReadFile(std::string_view variable, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<size_t>(kFileBytesMax) + 1, 0);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return InvalidArgument("{}: {}: {}", variable, path,
                           errno != 0 ? std::generic_category().message(errno) : "cannot be read");
  }
  if (file.gcount() > kFileBytesMax)
    return InvalidArgument("{}: {}: longer than {} bytes", variable, path, kFileBytesMax);
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

}  // namespace

std::optional<std::string> PemFilePath(std::string_view value) {
  if (!value.starts_with(kFile)) return std::nullopt;
  return std::string(value.substr(kFile.size()));
}

absl::StatusOr<std::string> LoadPem(std::string_view variable, std::string_view value) {
  std::string text(value);
  if (const auto path = PemFilePath(value)) {
    HOOP_ASSIGN_OR_RETURN(text, ReadFile(variable, *path));
  } else if (text.find(kBegin) == std::string::npos) {
    if (value.starts_with(kBase64)) text.erase(0, kBase64.size());
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });  // as the tool base64 wraps its lines
    std::optional<std::string> decoded = Base64Decode(text);
    if (!decoded) {
      return InvalidArgument("{}: neither PEM nor base64 of PEM nor file://<path>", variable);
    }
    text = *std::move(decoded);
  }
  if (text.find(kBegin) == std::string::npos) return InvalidArgument("{}: there is no PEM in it", variable);
  return text;
}

}  // namespace hoop

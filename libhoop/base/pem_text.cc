// LoadPem of hoop/tls.h. Only finds the text; whether it is good is said by who uses it.
#include <algorithm>
#include <cctype>

#include "base/encoding.h"
#include "base/limits/values.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/tls.h"
#include "hoop/value_file.h"

namespace hoop {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kFile = "file://";
constexpr std::string_view kBase64 = "base64://";

}  // namespace

std::optional<std::string> PemFilePath(std::string_view value) {
  if (!value.starts_with(kFile)) return std::nullopt;
  return std::string(value.substr(kFile.size()));
}

absl::StatusOr<std::string> LoadPem(std::string_view variable, std::string_view value) {
  std::string text(value);
  if (const auto path = PemFilePath(value)) {
    HOOP_ASSIGN_OR_RETURN(text, ReadValueFile(variable, *path, limits::kPemFileBytesMax));
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

absl::StatusOr<std::string> LoadPemOption(std::string_view option, std::string_view value) {
  const bool says_what_it_is =
      value.starts_with(kFile) || value.starts_with(kBase64) || value.find(kBegin) != std::string_view::npos;
  return LoadPem(option, says_what_it_is ? std::string(value) : fmt::format("{}{}", kFile, value));
}

}  // namespace hoop

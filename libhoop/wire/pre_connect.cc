#include "wire/pre_connect.h"

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "base/utf8.h"

namespace hoop {
namespace {

constexpr uint64_t kNameField = 1;
constexpr uint64_t kLengthDelimited = 2;  // all fields of the request are

std::optional<uint64_t> TakeVarint(std::string_view& rest) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

void AppendText(std::string& message, char tag, std::string_view text) {
  if (text.empty()) return;
  message += tag;
  for (size_t size = text.size();; size >>= 7) {
    message += static_cast<char>(size >= 0x80 ? size | 0x80 : size);
    if (size < 0x80) break;
  }
  message += text;
}

}  // namespace

absl::StatusOr<PreConnectRequest> ParsePreConnectRequest(std::string_view message) {
  PreConnectRequest request;
  while (!message.empty()) {
    const auto tag = TakeVarint(message);
    if (!tag || (*tag & 7) != kLengthDelimited) return InvalidArgument("pre-connect: not a request");
    const auto size = TakeVarint(message);
    if (!size || *size > message.size()) return InvalidArgument("pre-connect: a field is cut off");
    const std::string_view value = message.substr(0, *size);
    message.remove_prefix(*size);
    if (*tag >> 3 != kNameField) continue;
    if (!IsUtf8(value)) return InvalidArgument("pre-connect: the name is not UTF-8");
    request.name = value;
  }
  return request;
}

std::string EncodePreConnectResponse(std::string_view status, std::string_view message) {
  std::string encoded;
  AppendText(encoded, '\x0a', status);
  AppendText(encoded, '\x12', message);
  return encoded;
}

}  // namespace hoop

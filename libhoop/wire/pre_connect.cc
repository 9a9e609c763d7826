#include "wire/pre_connect.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace hoop {
namespace {

constexpr uint64_t kLengthDelimited = 2;  // all fields of these messages are

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

void AppendVarint(std::string& message, uint64_t value) {
  for (; value >= 0x80; value >>= 7) message += static_cast<char>(value | 0x80);
  message += static_cast<char>(value);
}

void AppendField(std::string& message, uint64_t number, std::string_view value) {
  AppendVarint(message, number << 3 | kLengthDelimited);
  AppendVarint(message, value.size());
  message += value;
}

// An absent text and an empty one are the same.
void AppendText(std::string& message, uint64_t number, std::string_view text) {
  if (!text.empty()) AppendField(message, number, text);
}

// Calls `field` with the number and the bytes of each field.
absl::Status ReadFields(std::string_view message, const std::function<void(uint64_t, std::string_view)>& field) {
  while (!message.empty()) {
    const auto tag = TakeVarint(message);
    if (!tag || (*tag & 7) != kLengthDelimited) return InvalidArgument("pre-connect: not such a message");
    const auto size = TakeVarint(message);
    if (!size || *size > message.size()) return InvalidArgument("pre-connect: a field is cut off");
    const std::string_view value = message.substr(0, *size);
    message.remove_prefix(*size);
    field(*tag >> 3, value);
  }
  return absl::OkStatus();
}

// A map's entry is a message of its own: key, value. Either may be absent.
absl::Status ReadEntry(std::string_view entry, std::map<std::string, std::string>& map) {
  std::string key, value;
  HOOP_RETURN_IF_ERROR(ReadFields(entry, [&](uint64_t number, std::string_view text) {
    if (number == 1) key = text;
    if (number == 2) value = text;
  }));
  if (!IsUtf8(key) || !IsUtf8(value)) return InvalidArgument("pre-connect: a variable is not UTF-8");
  map.insert_or_assign(std::move(key), std::move(value));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PreConnectRequest> ParsePreConnectRequest(std::string_view message) {
  PreConnectRequest request;
  absl::Status inner;
  HOOP_RETURN_IF_ERROR(ReadFields(message, [&](uint64_t number, std::string_view value) {
    if (number == 5) return inner.Update(ReadEntry(value, request.env_vars));
    if (number > 7) return;
    if (!IsUtf8(value)) return inner.Update(InvalidArgument("pre-connect: a text is not UTF-8"));
    if (number == 1) request.name = value;
    if (number == 2) request.type = value;
    if (number == 3) request.subtype = value;
    if (number == 4) request.command.emplace_back(value);
    if (number == 6) request.reviewers.emplace_back(value);
    if (number == 7) request.redact_types.emplace_back(value);
  }));
  HOOP_RETURN_IF_ERROR(inner);
  return request;
}

std::string EncodePreConnectRequest(const PreConnectRequest& request) {
  std::string message;
  AppendText(message, 1, request.name);
  AppendText(message, 2, request.type);
  AppendText(message, 3, request.subtype);
  for (const std::string& word : request.command) AppendField(message, 4, word);
  for (const auto& [key, value] : request.env_vars) {
    std::string entry;
    AppendField(entry, 1, key);
    AppendField(entry, 2, value);
    AppendField(message, 5, entry);
  }
  for (const std::string& group : request.reviewers) AppendField(message, 6, group);
  for (const std::string& type : request.redact_types) AppendField(message, 7, type);
  return message;
}

absl::StatusOr<PreConnectResponse> ParsePreConnectResponse(std::string_view message) {
  PreConnectResponse response;
  HOOP_RETURN_IF_ERROR(ReadFields(message, [&](uint64_t number, std::string_view value) {
    if (number == 1) response.status = value;
    if (number == 2) response.message = value;
  }));
  return response;
}

std::string EncodePreConnectResponse(std::string_view status, std::string_view message) {
  std::string encoded;
  AppendText(encoded, 1, status);
  AppendText(encoded, 2, message);
  return encoded;
}

}  // namespace hoop

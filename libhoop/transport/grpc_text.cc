#include "transport/grpc_text.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/status.h"

namespace hoop {
namespace {

constexpr size_t kTimeoutDigitsMax = 8;

struct TimeoutUnit {
  char letter;
  absl::Duration unit;
};

// From fine to coarse: the first that needs at most 8 digits is the exactest.
std::array<TimeoutUnit, 6> TimeoutUnits() {
  return {{{'n', absl::Nanoseconds(1)},
           {'u', absl::Microseconds(1)},
           {'m', absl::Milliseconds(1)},
           {'S', absl::Seconds(1)},
           {'M', absl::Minutes(1)},
           {'H', absl::Hours(1)}}};
}

}  // namespace

GrpcPrefix MakeGrpcPrefix(size_t message_size) {
  const auto byte = [message_size](int shift) { return static_cast<char>(message_size >> shift & 0xff); };
  return {0, byte(24), byte(16), byte(8), byte(0)};
}

uint32_t GrpcPrefixSize(const GrpcPrefix& prefix) {
  uint32_t size = 0;
  for (size_t i = 1; i < kGrpcPrefixBytes; ++i) size = size << 8 | static_cast<unsigned char>(prefix[i]);
  return size;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
      out += letter;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      if (const auto byte = HexDecode(text.substr(i + 1, 2)); byte.has_value()) {
        out += *byte;
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::optional<absl::Duration> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kTimeoutDigitsMax + 1) return std::nullopt;
  const char letter = text.back();
  text.remove_suffix(1);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  for (const TimeoutUnit& unit : TimeoutUnits()) {
    if (unit.letter == letter) return unit.unit * count;
  }
  return std::nullopt;
}

std::string FormatGrpcTimeout(absl::Duration timeout) {
  timeout = std::max(timeout, absl::Nanoseconds(1));
  constexpr int64_t kCountMax = 99'999'999;
  for (const TimeoutUnit& unit : TimeoutUnits()) {
    const absl::Duration rounded = absl::Ceil(timeout, unit.unit);
    if (rounded / unit.unit <= kCountMax) return fmt::format("{}{}", rounded / unit.unit, unit.letter);
  }
  return fmt::format("{}H", kCountMax);
}

std::optional<std::string> DecodeBinaryHeader(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return Base64Decode(padded);
}

std::string EncodeBinaryHeader(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

absl::Status StatusFromGrpc(std::string_view code, std::string_view message) {
  int value = -1;
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), value);
  if (error != std::errc() || end != code.data() + code.size() || value < 0 || value > 16) {
    return Unknown("peer ended the stream with grpc-status \"{}\": {}", PercentEncode(code), message);
  }
  return absl::Status(static_cast<absl::StatusCode>(value), std::string(message));
}

std::string HeaderText(std::string_view value) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  std::string text(value);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

absl::Status UnmarshalError(const absl::Status& cause) {
  std::string why = StatusText(cause);
  if (why.starts_with("packet: ")) why.erase(0, std::string_view("packet: ").size());
  return Internal("grpc: failed to unmarshal the received message: {}", why);
}

absl::Status StatusFromHttp(std::string_view http_status) {
  const std::string text =
      fmt::format("unexpected HTTP status code received from server: {}", PercentEncode(http_status));
  const auto make = [&text](absl::StatusCode code) { return absl::Status(code, text); };
  if (http_status == "400") return make(absl::StatusCode::kInternal);
  if (http_status == "401") return make(absl::StatusCode::kUnauthenticated);
  if (http_status == "403") return make(absl::StatusCode::kPermissionDenied);
  if (http_status == "404") return make(absl::StatusCode::kUnimplemented);
  if (http_status == "429" || http_status == "502" || http_status == "503" || http_status == "504") {
    return make(absl::StatusCode::kUnavailable);
  }
  return make(absl::StatusCode::kUnknown);
}

std::string Http2ErrorName(uint32_t code) { return nghttp2_http2_strerror(code); }

}  // namespace hoop

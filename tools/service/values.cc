#include "tools/service/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <vector>

#include "hoop/tls.h"
#include "hoop/value_file.h"

namespace hoop {
namespace {

constexpr size_t kFileBytesMax = 64 * 1024;

absl::Status Wrong(const std::string& set_as, std::string_view text) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", set_as, text));
}

// A number at the beginning of `text`, which loses it.
std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool IsPort(std::string_view text) {
  const auto number = TakeNumber(text);
  return number && text.empty() && *number <= 65535;
}

// "host:port" taken apart: "[::1]:80" has the host "[::1]". No port: empty.
std::pair<std::string_view, std::string_view> HostAndPort(std::string_view authority) {
  const size_t after_host = authority.starts_with('[') ? authority.find(']') : 0;
  if (after_host == std::string_view::npos) return {"", ""};
  const size_t colon = authority.find(':', after_host);
  if (colon == std::string_view::npos) return {authority, ""};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

absl::Status NotOneOf(const std::string& set_as, const std::string& value, const std::vector<std::string>& words) {
  return Wrong(set_as, fmt::format("{} is none of {}", value, fmt::join(words, ", ")));
}

absl::StatusOr<absl::Duration> ParseDurationText(std::string_view text) {
  constexpr std::pair<std::string_view, absl::Duration (*)(uint64_t)> kUnits[] = {
      {"ms", [](uint64_t n) { return absl::Milliseconds(n); }}, {"s", [](uint64_t n) { return absl::Seconds(n); }},
      {"m", [](uint64_t n) { return absl::Minutes(n); }},       {"h", [](uint64_t n) { return absl::Hours(n); }},
      {"d", [](uint64_t n) { return absl::Hours(24) * n; }},
  };
  const absl::Status wrong = absl::InvalidArgumentError("is no time like 90d, 12h or 30s");
  absl::Duration sum;
  do {
    const auto number = TakeNumber(text);
    if (!number || *number > 1'000'000'000) return wrong;
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits), [&text](const auto& one) {
      const std::string_view behind = text.substr(std::min(text.size(), one.first.size()));
      return text.starts_with(one.first) && (behind.empty() || std::isdigit(static_cast<unsigned char>(behind[0])));
    });
    if (unit == std::end(kUnits)) return wrong;
    text.remove_prefix(unit->first.size());
    sum += unit->second(*number);
  } while (!text.empty());
  if (sum <= absl::ZeroDuration()) return absl::InvalidArgumentError("has to be longer than nothing");
  return sum;
}

absl::StatusOr<uint64_t> ParseBytesText(std::string_view text) {
  constexpr std::pair<std::string_view, int> kUnits[] = {{"", 0},     {"B", 0},    {"KiB", 10},
                                                         {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  const auto number = TakeNumber(text);
  const auto unit =
      std::find_if(std::begin(kUnits), std::end(kUnits), [&text](const auto& one) { return one.first == text; });
  if (!number || unit == std::end(kUnits) || *number > (UINT64_MAX >> unit->second)) {
    return absl::InvalidArgumentError("is no size like 512MiB or 4GiB");
  }
  return *number << unit->second;
}

StoreValue StoreText(std::string& to) {
  return [&to](const std::string&, const std::string& value) {
    to = value;
    return absl::OkStatus();
  };
}

StoreValue StoreTextOrFile(std::string& to) {
  return [&to](const std::string& set_as, const std::string& value) {
    const auto path = PemFilePath(value);
    if (!path) {
      to = value;
      return absl::OkStatus();
    }
    auto text = ReadTextFile(set_as, *path, kFileBytesMax);
    if (!text.ok()) return text.status();
    if (text->empty()) return Wrong(set_as, fmt::format("{}: is empty", *path));
    to = *std::move(text);
    return absl::OkStatus();
  };
}

StoreValue StorePem(std::string& to) {
  return [&to](const std::string& set_as, const std::string& value) {
    auto pem = LoadPem(set_as, value);
    if (pem.ok()) to = *std::move(pem);
    return pem.status();
  };
}

StoreValue StoreBool(bool& to) {
  return [&to](const std::string& set_as, const std::string& value) {
    if (value != "true" && value != "false") return Wrong(set_as, value + " is neither true nor false");
    to = value == "true";
    return absl::OkStatus();
  };
}

StoreValue StoreDuration(absl::Duration& to) {
  return [&to](const std::string& set_as, const std::string& value) {
    const auto duration = ParseDurationText(value);
    if (!duration.ok()) return Wrong(set_as, fmt::format("{} {}", value, std::string(duration.status().message())));
    to = *duration;
    return absl::OkStatus();
  };
}

StoreValue StoreBytes(uint64_t& to, uint64_t least) {
  return [&to, least](const std::string& set_as, const std::string& value) {
    const auto bytes = ParseBytesText(value);
    if (!bytes.ok()) return Wrong(set_as, fmt::format("{} {}", value, std::string(bytes.status().message())));
    if (*bytes < least) return Wrong(set_as, fmt::format("{} is too small, {} bytes are needed", value, least));
    to = *bytes;
    return absl::OkStatus();
  };
}

StoreValue StoreUrl(std::string& to, std::initializer_list<std::string_view> schemes, bool needs_port) {
  return [&to, schemes = std::vector<std::string>(schemes.begin(), schemes.end()), needs_port](
             const std::string& set_as, const std::string& value) {
    const size_t separator = value.find("://");
    const std::string scheme = value.substr(0, separator);
    if (separator == std::string::npos || std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
      return Wrong(set_as, fmt::format("does not begin with {}://", fmt::join(schemes, ":// or ")));
    }
    std::string rest = value.substr(separator + 3);
    // Its text is not repeated: a password may stand in it.
    if (rest.find_first_of("@?# \t\r\n") != std::string::npos) {
      return Wrong(set_as, "user, query, fragment and spaces do not belong there");
    }
    while (rest.ends_with('/')) rest.pop_back();
    const std::string_view authority = std::string_view(rest).substr(0, rest.find('/'));
    const auto [host, port] = HostAndPort(authority);
    if (host.empty()) return Wrong(set_as, fmt::format("{} names no host", value));
    if (needs_port ? !IsPort(port) : authority.size() != host.size() && !IsPort(port)) {
      return Wrong(set_as, fmt::format("{} has no port from 0 to 65535", value));
    }
    to = fmt::format("{}://{}", scheme, rest);
    return absl::OkStatus();
  };
}

StoreValue StoreAddress(std::string& to) {
  return [&to](const std::string& set_as, const std::string& value) {
    const auto [host, port] = HostAndPort(value);
    const bool is_socket = value.starts_with('/');
    if (!is_socket && (host.empty() || !IsPort(port)))
      return Wrong(set_as, fmt::format("{} is no address like 0.0.0.0:8009", value));
    to = value;
    return absl::OkStatus();
  };
}

}  // namespace hoop

#include "base/agent_dsn.h"

#include <algorithm>
#include <array>

#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

constexpr std::array<std::string_view, 5> kSchemes = {"grpc", "grpcs", "http", "https", "wss"};
constexpr std::array<std::string_view, 3> kModes = {"standard", "embedded", kMultiConnection};
constexpr std::string_view kForm = "<scheme>://<name>:<secret>@<host>:<port>";
constexpr size_t kOldPathBytes = 65;  // a slash and 64 hex digits: how both eras know the old form

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool IsHex(std::string_view text) { return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos; }

// <scheme>://<authority><path>?<query>, as views into the text.
struct UrlParts {
  std::string_view scheme, authority, path, query;
};

absl::StatusOr<UrlParts> SplitUrl(std::string_view text) {
  UrlParts parts;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return InvalidArgument("not a key of a gateway: one is {}", kForm);
  }
  parts.scheme = text.substr(0, colon);
  if (std::find(kSchemes.begin(), kSchemes.end(), parts.scheme) == kSchemes.end()) {
    return InvalidArgument("dsn has an unknown scheme");
  }
  text.remove_prefix(colon + 3);
  if (const size_t mark = text.find('#'); mark != std::string_view::npos) text = text.substr(0, mark);
  if (const size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  const size_t slash = std::min(text.find('/'), text.size());
  parts.authority = text.substr(0, slash);
  parts.path = text.substr(slash);
  return parts;
}

// The first value of `key`; empty when it is absent.
std::string_view QueryValue(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == key) return pair.substr(equals + 1);
  }
  return {};
}

}  // namespace

absl::StatusOr<AgentDsn> ParseAgentDsn(std::string_view text) {
  if (text.empty()) return InvalidArgument("dsn is empty");
  if (text.size() > limits::kAgentDsnBytesMax) {
    return InvalidArgument("dsn is longer than {} bytes", limits::kAgentDsnBytesMax);
  }
  if (!IsPrintable(text)) return InvalidArgument("dsn holds blanks or control characters");
  HOOP_ASSIGN_OR_RETURN(const UrlParts parts, SplitUrl(text));

  AgentDsn dsn;
  dsn.scheme = parts.scheme;
  const size_t at = parts.authority.rfind('@');
  dsn.address = at == std::string_view::npos ? parts.authority : parts.authority.substr(at + 1);
  if (dsn.address.empty() || dsn.address[0] == ':') return InvalidArgument("dsn has no host");

  if (parts.path.size() == kOldPathBytes && IsHex(parts.path.substr(1))) {
    dsn.is_old_form = true;
    dsn.mode = "embedded";
    dsn.key = text;
    return dsn;
  }
  dsn.mode = QueryValue(parts.query, "mode");
  if (!dsn.mode.empty() && std::find(kModes.begin(), kModes.end(), dsn.mode) == kModes.end()) {
    return InvalidArgument("invalid agent mode: mode= is one of {}", fmt::join(kModes, ", "));
  }
  const std::string_view user = at == std::string_view::npos ? std::string_view() : parts.authority.substr(0, at);
  const size_t colon = user.find(':');
  if (colon == std::string_view::npos || colon + 1 == user.size()) {
    return InvalidArgument("secret key not found in dsn: one is {}", kForm);
  }
  dsn.name = user.substr(0, colon);
  dsn.key = user.substr(colon + 1);
  if (dsn.name.empty()) return InvalidArgument("dsn has no agent name");
  return dsn;
}

absl::StatusOr<std::string> MakeAgentDsn(std::string_view gateway_url, std::string_view name, std::string_view key,
                                         std::string_view mode) {
  absl::StatusOr<UrlParts> parts = SplitUrl(gateway_url);
  if (!parts.ok()) return InvalidArgument("gateway url {}: needs one of grpc, grpcs, http, https, wss", gateway_url);
  const std::string_view address = parts->authority.substr(parts->authority.rfind('@') + 1);
  const size_t colon = address.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon > 0 && colon + 1 < address.size() &&
                        address.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  if (!has_port) return InvalidArgument("gateway url {}: needs host and port", gateway_url);
  std::string dsn = fmt::format("{}://{}:{}@{}", parts->scheme, name, key, address);
  if (!mode.empty()) dsn += fmt::format("?mode={}", mode);
  return dsn;
}

}  // namespace hoop

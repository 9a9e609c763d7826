#include "rest/connection_checks.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/connection_types.h"
#include "base/encoding.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "protocol/postgres/ssl_mode.h"
#include "rest/names.h"

namespace hoop::rest {
namespace {

constexpr size_t kTagsMax = 10;
constexpr std::string_view kDatabases[] = {"postgres", "mysql", "mongodb", "mssql", "oracledb"};

// The value of a variable, when it stands here: the agent resolves the others when a session begins.
std::optional<std::string> KnownValue(const ConnectionRow& row, const std::string& name) {
  const auto found = row.secrets.find("envvar:" + name);
  if (found == row.secrets.end()) return std::nullopt;
  std::optional<std::string> value = Base64Decode(found->second);
  const bool elsewhere = value.has_value() && (value->starts_with('_') || *value == "system.agent.envs");
  return elsewhere || !value.has_value() || value->empty() ? std::nullopt : value;
}

bool IsPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// What the protocol could never work with.
absl::Status CheckVariables(const ConnectionRow& row) {
  const std::string protocol = WireType(row.type, row.subtype);
  if (protocol == "command-line") return absl::OkStatus();  // the command's own business
  if (const auto port = KnownValue(row, "PORT"); port.has_value() && !IsPort(*port)) {
    return InvalidArgument("secret envvar:PORT: it is no port");
  }
  if (const auto mode = KnownValue(row, "SSLMODE"); protocol == "postgres" && mode.has_value()) {
    // The value is not told: it is a secret, and as long as its sender likes.
    if (!postgres::ParseSslMode(*mode).ok()) {
      return InvalidArgument("secret envvar:SSLMODE: it is none of disable, prefer, require, verify-ca, verify-full");
    }
  }
  if (const auto url = KnownValue(row, "REMOTE_URL"); protocol == "httpproxy" && url.has_value()) {
    if (!url->starts_with("http://") && !url->starts_with("https://")) {
      return InvalidArgument("secret envvar:REMOTE_URL: it begins with http:// or https://");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckType(const ConnectionRow& row) {
  if (!IsConnectionType(row.type)) return InvalidArgument("type: {} is none", row.type);
  const bool known = std::find(std::begin(kDatabases), std::end(kDatabases), row.subtype) != std::end(kDatabases);
  if (row.type == "database" && !known) {
    const std::string wrong = row.subtype.empty() ? "is missing" : row.subtype + " is no database";
    return InvalidArgument("subtype: {}; of type database there are {}", wrong, fmt::join(kDatabases, ", "));
  }
  if (row.subtype.size() > 64) return InvalidArgument("subtype: longer than 64 bytes");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConnection(const ConnectionRow& row) {
  HOOP_RETURN_IF_ERROR(CheckName(row.name));
  HOOP_RETURN_IF_ERROR(CheckType(row));
  if (row.connection_tags.size() > kTagsMax) return InvalidArgument("connection_tags: more than {}", kTagsMax);
  for (const auto& [key, value] : row.connection_tags) HOOP_RETURN_IF_ERROR(CheckTag(key, value));
  for (const std::string& tag : row.tags) HOOP_RETURN_IF_ERROR(CheckWord("tags", tag));
  for (const std::string& attribute : row.attributes) HOOP_RETURN_IF_ERROR(CheckWord("attributes", attribute));
  for (const auto& [key, value] : row.secrets) HOOP_RETURN_IF_ERROR(CheckSecret(key, value));
  if (row.min_review_approvals.value_or(1) < 1) return InvalidArgument("min_review_approvals: below 1");
  if (row.access_max_duration_seconds.value_or(1) < 1) return InvalidArgument("access_max_duration: below 1");
  return CheckVariables(row);
}

}  // namespace hoop::rest

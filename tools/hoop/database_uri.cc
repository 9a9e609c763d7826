#include "database_uri.h"

#include <optional>

namespace hoop::cli {
namespace {

absl::Status Wrong(const char* what) {
  return absl::InvalidArgumentError(std::string("database URI: ") + what + ": postgres://user:password@host:5432/name");
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (i + 2 >= text.size() || HexValue(text[i + 1]) < 0 || HexValue(text[i + 2]) < 0) return std::nullopt;
    result += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return result;
}

// Takes what stands before the last `mark` away from `text`; all of it when there is none.
std::string_view TakeUntil(std::string_view& text, char mark) {
  const size_t end = text.find(mark);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return taken;
}

}  // namespace

absl::StatusOr<std::map<std::string, std::string>> PostgresVariables(std::string_view uri) {
  const size_t scheme = uri.find("://");
  const std::string_view name = uri.substr(0, scheme);
  if (scheme == std::string_view::npos || (name != "postgres" && name != "postgresql")) return Wrong("no such scheme");
  std::string_view query = uri.substr(scheme + 3);
  std::string_view path = TakeUntil(query, '?');
  std::string_view authority = TakeUntil(path, '/');
  const size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return Wrong("no user");
  std::string_view password = authority.substr(0, at);
  const std::string_view user = TakeUntil(password, ':');
  std::string_view port = authority.substr(at + 1);
  std::string_view host = port;
  if (const size_t colon = port.rfind(':');
      colon != std::string_view::npos && port.find(']', colon) == std::string_view::npos) {
    host = port.substr(0, colon);
    port = port.substr(colon + 1);
  } else {
    port = "5432";
  }
  if (user.empty() || host.empty()) return Wrong("no user or no host");
  if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) return Wrong("the port is none");
  std::map<std::string, std::string> variables = {{"PORT", std::string(port)}};
  for (const auto& [variable, text] : {std::pair{"HOST", host}, {"USER", user}, {"PASS", password}, {"DB", path}}) {
    std::optional<std::string> decoded = Decoded(text);
    if (!decoded) return Wrong("a % without its two digits");
    if (!decoded->empty() || variable == std::string_view("PASS")) variables[variable] = *std::move(decoded);
  }
  while (!query.empty()) {
    std::string_view value = TakeUntil(query, '&');
    if (TakeUntil(value, '=') == "sslmode") variables["SSLMODE"] = value;
  }
  return variables;
}

}  // namespace hoop::cli

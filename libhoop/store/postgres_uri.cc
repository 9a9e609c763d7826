#include "store/postgres_uri.h"

#include <postgresql/libpq-fe.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/limits/store.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

using Words = std::map<std::string, std::string, std::less<>>;  // libpq's keyword -> value

constexpr std::string_view kEncodeHint = "characters like : / ? # @ % of a password are written as %3A and so on";

template <typename... Args>
absl::Status Wrong(fmt::format_string<Args...> format, Args&&... args) {
  return InvalidArgument("POSTGRES_DB_URI: {}", fmt::format(format, std::forward<Args>(args)...));
}

// libpq's own words up to the first quote: behind it comes a part of the text, perhaps of the password.
std::string WithoutQuotation(std::string_view message) {
  std::string text(message.substr(0, message.find_first_of("\"\n")));
  while (!text.empty() && (text.back() == ' ' || text.back() == ':')) text.pop_back();
  return text;
}

absl::StatusOr<Words> Split(std::string_view uri) {
  char* raw_error = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(std::string(uri).c_str(), &raw_error), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> error(raw_error, PQfreemem);
  if (options == nullptr) {
    return Wrong("{} ({})", error == nullptr ? "is not readable" : WithoutQuotation(error.get()), kEncodeHint);
  }
  Words words;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) words[option->keyword] = option->val;
  }
  return words;
}

absl::Status Check(const Words& words) {
  const auto value = [&words](std::string_view keyword) {
    const auto found = words.find(keyword);
    return found == words.end() ? std::string_view() : std::string_view(found->second);
  };
  // Where a password was not encoded, a part of it lands in the host or the port, which errors would show later.
  if (value("host").find('@') != std::string_view::npos) return Wrong("its host holds an @ ({})", kEncodeHint);
  if (value("port").find_first_not_of("0123456789,") != std::string_view::npos) {
    return Wrong("its port is no number ({})", kEncodeHint);
  }
  if (value("user").empty() && value("service").empty()) return Wrong("names no user");
  constexpr std::array<std::string_view, 7> kModes = {"",        "disable",   "allow",      "prefer",
                                                      "require", "verify-ca", "verify-full"};
  if (std::find(kModes.begin(), kModes.end(), value("sslmode")) == kModes.end()) {
    return Wrong("its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full");
  }
  for (std::string_view keyword : {"connect_timeout", "keepalives", "tcp_user_timeout"}) {
    if (value(keyword).find_first_not_of("0123456789") != std::string_view::npos) {
      return Wrong("its {} is no number", keyword);
    }
  }
  return absl::OkStatus();
}

std::string Quoted(std::string_view value) {
  std::string out = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string Describe(const Words& words) {
  const auto value = [&words](const char* keyword, std::string_view otherwise) {
    const auto found = words.find(keyword);
    return found == words.end() || found->second.empty() ? std::string(otherwise) : found->second;
  };
  return fmt::format("{}:{}/{}", value("host", value("hostaddr", "local")), value("port", "5432"),
                     value("dbname", value("user", "")));
}

}  // namespace

absl::StatusOr<PostgresAddress> ParsePostgresUri(std::string_view uri) {
  if (uri.find('\0') != std::string_view::npos) return Wrong("holds a NUL");
  const bool is_uri = uri.starts_with("postgres://") || uri.starts_with("postgresql://");
  const bool is_list = uri.substr(0, uri.find("://")).find('=') != std::string_view::npos;
  if (!is_uri && !is_list) return Wrong("begins with neither postgres:// nor postgresql://");
  HOOP_ASSIGN_OR_RETURN(Words words, Split(uri));
  HOOP_RETURN_IF_ERROR(Check(words));
  PostgresAddress address;
  address.description = Describe(words);
  words["client_encoding"] = "UTF8";
  words.try_emplace("fallback_application_name", "hoop-gateway");
  words.try_emplace("connect_timeout", fmt::format("{}", absl::ToInt64Seconds(limits::kStoreConnectTime)));
  words.try_emplace("tcp_user_timeout", fmt::format("{}", absl::ToInt64Milliseconds(limits::kStoreSilenceTime)));
  words.try_emplace("keepalives_idle", fmt::format("{}", absl::ToInt64Seconds(limits::kStoreSilenceTime)));
  words.try_emplace("keepalives_interval", "2");
  words.try_emplace("keepalives_count", "3");
  for (const auto& [keyword, text] : words) {
    address.connection_text += fmt::format("{}={} ", keyword, Quoted(text));
  }
  return address;
}

}  // namespace hoop

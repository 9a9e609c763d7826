#include "identity/token_check.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace hoop {
namespace {

using Json = nlohmann::json;

// The largest number of seconds a token may name: year 9999. More would overflow what we calculate with.
constexpr int64_t kSecondsMax = 253'402'300'799;

absl::Status Bad(std::string_view reason) { return Unauthenticated("token: {}", reason); }

struct TokenParts {
  std::string_view signed_text, header, payload, signature;
};

absl::StatusOr<TokenParts> Split(std::string_view token) {
  if (token.empty()) return Bad("it is empty");
  if (token.size() > limits::kTokenBytesMax) return Bad("it is too long");
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) {
    return Bad("it has not three parts");
  }
  return TokenParts{token.substr(0, last), token.substr(0, first), token.substr(first + 1, last - first - 1),
                    token.substr(last + 1)};
}

// An object, not deeper than a token of ours ever is, each key once: readers differ on which of two counts.
absl::StatusOr<Json> ParseObject(std::string_view encoded, std::string_view part) {
  const std::optional<std::string> text = Base64UrlDecode(encoded);
  if (!text.has_value()) return Bad(fmt::format("the {} is not base64url", part));
  bool acceptable = true;
  std::vector<std::vector<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > static_cast<int>(limits::kTokenJsonDepthMax)) acceptable = false;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.empty()) {
      const std::string key = parsed.get<std::string>();
      if (std::find(keys.back().begin(), keys.back().end(), key) != keys.back().end()) acceptable = false;
      keys.back().push_back(key);
    }
    return acceptable;  // false drops what was parsed: nothing deep is ever built
  };
  const Json json = Json::parse(*text, watch, false);
  if (!acceptable || !json.is_object()) return Bad(fmt::format("the {} is no acceptable JSON object", part));
  return json;
}

absl::StatusOr<std::string> Text(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return Bad(fmt::format("{} is missing", name));
  if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
    return Bad(fmt::format("{} is no text", name));
  }
  return found->get<std::string>();
}

absl::StatusOr<absl::Time> Seconds(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return Bad(fmt::format("{} is missing", name));
  if (!found->is_number_unsigned() || found->get<uint64_t>() > kSecondsMax) {
    return Bad(fmt::format("{} is no time", name));
  }
  return absl::FromUnixSeconds(found->get<int64_t>());
}

absl::Status CheckHeader(const Json& header, const Ed25519Key& key) {
  HOOP_ASSIGN_OR_RETURN(const std::string algorithm, Text(header, "alg"));
  if (algorithm != "EdDSA") return Bad("its algorithm is not EdDSA");
  if (header.contains("crit")) return Bad("it demands extensions");
  HOOP_ASSIGN_OR_RETURN(const std::string key_id, Text(header, "kid"));
  if (key_id != key.id()) return Bad("another key signed it");
  if (header.contains("typ")) {
    HOOP_ASSIGN_OR_RETURN(const std::string type, Text(header, "typ"));
    if (type != "JWT") return Bad("its type is not JWT");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTimes(const TokenClaims& claims, absl::Time now) {
  if (now >= claims.expires_at) return Bad("it is expired");
  if (claims.expires_at <= claims.issued_at) return Bad("it expires before it was issued");
  if (claims.issued_at > now + limits::kTokenClockSkew) return Bad("it was issued in the future");
  if (claims.not_before > now + limits::kTokenClockSkew) return Bad("it is not valid yet");
  return absl::OkStatus();
}

absl::StatusOr<TokenClaims> CheckToken(std::string_view token, const Ed25519Key& key, std::string_view issuer,
                                       std::string_view audience, absl::Time now) {
  HOOP_ASSIGN_OR_RETURN(const TokenParts parts, Split(token));
  HOOP_ASSIGN_OR_RETURN(const Json header, ParseObject(parts.header, "header"));
  HOOP_RETURN_IF_ERROR(CheckHeader(header, key));
  const std::optional<std::string> signature = Base64UrlDecode(parts.signature);
  if (!signature.has_value()) return Bad("the signature is not base64url");
  if (!key.Verify(parts.signed_text, *signature)) return Bad("the signature is wrong");

  HOOP_ASSIGN_OR_RETURN(const Json claims, ParseObject(parts.payload, "payload"));
  HOOP_ASSIGN_OR_RETURN(const std::string token_issuer, Text(claims, "iss"));
  if (token_issuer != issuer) return Bad("its issuer is another");
  HOOP_ASSIGN_OR_RETURN(const std::string token_audience, Text(claims, "aud"));
  if (token_audience != audience) return Bad("its audience is another");

  TokenClaims result;
  HOOP_ASSIGN_OR_RETURN(result.expires_at, Seconds(claims, "exp"));
  HOOP_ASSIGN_OR_RETURN(result.issued_at, Seconds(claims, "iat"));
  if (claims.contains("nbf")) {
    HOOP_ASSIGN_OR_RETURN(result.not_before, Seconds(claims, "nbf"));
  }
  HOOP_RETURN_IF_ERROR(CheckTimes(result, now));
  HOOP_ASSIGN_OR_RETURN(result.token_id, Text(claims, "jti"));
  HOOP_ASSIGN_OR_RETURN(result.subject, Text(claims, "sub"));
  HOOP_ASSIGN_OR_RETURN(result.user_id, Text(claims, "uid"));
  HOOP_ASSIGN_OR_RETURN(result.email, Text(claims, "email"));
  return result;
}

bool NamesKey(std::string_view token, const Ed25519Key& key) {
  const auto parts = Split(token);
  if (!parts.ok()) return false;
  const auto header = ParseObject(parts->header, "header");
  if (!header.ok()) return false;
  const auto key_id = Text(*header, "kid");
  return key_id.ok() && *key_id == key.id();
}

}  // namespace hoop

// hoop_identity: an Identity by its texts.
#include "identity.h"

#include <charconv>

#include "gateway.h"

using hoop::c::Error;
using hoop::c::Guard;
using hoop::c::Need;
using hoop::c::NeedStore;

namespace {

constexpr std::string_view kGroupPrefix = "group.";
constexpr char kTimeFormat[] = "%Y-%m-%d%ET%H:%M:%SZ";
constexpr std::string_view kPlainTexts[] = {"subject", "user_id", "email", "name", "reason"};

std::string GroupKey(size_t number) { return std::string(kGroupPrefix) + std::to_string(number); }

std::map<std::string, std::string, std::less<>> TextsOf(const hoop::Identity& identity) {
  std::map<std::string, std::string, std::less<>> texts;
  const auto put = [&texts](const std::string& key, const std::string& text) {
    if (!text.empty()) texts[key] = text;
  };
  put("subject", identity.subject);
  put("user_id", identity.user_id);
  put("org_id", identity.org_id);
  put("email", identity.email);
  put("name", identity.name);
  for (size_t i = 0; i < identity.groups.size(); ++i) put(GroupKey(i), identity.groups[i]);
  put("is_admin", identity.is_admin ? "true" : "false");
  put("is_auditor", identity.is_auditor ? "true" : "false");
  if (identity.expires_at != absl::InfiniteFuture()) {
    put("expires_at", absl::FormatTime(kTimeFormat, identity.expires_at, absl::UTCTimeZone()));
  }
  return texts;
}

absl::Status Wrong(std::string_view key, const char* why) {
  return Error(absl::StatusCode::kInvalidArgument, "identity \"" + std::string(key) + "\": " + why);
}

// They come in order, so that none is missing.
absl::Status CheckGroup(const hoop_identity& identity, std::string_view key) {
  const std::string_view index = key.substr(kGroupPrefix.size());
  size_t number = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  if (error != std::errc() || end != index.data() + index.size() || GroupKey(number) != key) {
    return Wrong(key, "not a number");
  }
  if (number == 0 || identity.texts.contains(GroupKey(number - 1))) return absl::OkStatus();
  return Wrong(key, "the groups before it are missing");
}

absl::Status CheckText(const hoop_identity& identity, std::string_view key, std::string_view value) {
  if (key == "is_admin" || key == "is_auditor") {
    return value == "true" || value == "false" ? absl::OkStatus() : Wrong(key, "neither true nor false");
  }
  if (key == "expires_at") {
    absl::Time time;
    std::string error;
    const bool parsed = absl::ParseTime(kTimeFormat, std::string(value), &time, &error);
    return parsed ? absl::OkStatus() : Wrong(key, "not a time like 2026-01-02T15:04:05Z");
  }
  if (key.starts_with(kGroupPrefix)) return CheckGroup(identity, key);
  for (const std::string_view plain : kPlainTexts) {
    if (key == plain) return absl::OkStatus();
  }
  return Wrong(key, "there is nothing like that to set");
}

}  // namespace

namespace hoop::c {

absl::Status SetText(hoop_identity& identity, std::string_view key, std::string_view value) {
  const absl::Status status = CheckText(identity, key, value);
  if (status.ok()) identity.texts[std::string(key)] = value;
  return status;
}

Identity IdentityOf(const hoop_identity& identity) {
  const auto text = [&identity](std::string_view key) {
    const auto found = identity.texts.find(key);
    return found == identity.texts.end() ? std::string() : found->second;
  };
  Identity result{.user_id = text("user_id"),
                  .subject = text("subject"),
                  .email = text("email"),
                  .name = text("name"),
                  .is_admin = text("is_admin") == "true",
                  .is_auditor = text("is_auditor") == "true"};
  for (size_t i = 0; identity.texts.contains(GroupKey(i)); ++i) result.groups.push_back(text(GroupKey(i)));
  if (const std::string time = text("expires_at"); !time.empty()) {
    absl::ParseTime(kTimeFormat, time, &result.expires_at, nullptr);
  }
  return result;
}

}  // namespace hoop::c

int32_t hoop_gateway_verify_token(hoop_gateway* gateway, const char* token, hoop_identity** identity,
                                  hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(token, "token", identity, "identity");
    if (!status.ok()) return status;
    const absl::StatusOr<hoop::Identity> verified = gateway->gateway->VerifyToken(token);
    if (!verified.ok()) return verified.status();
    *identity = new hoop_identity{.texts = TextsOf(*verified)};
    return absl::OkStatus();
  });
}

int32_t hoop_identity_set(hoop_identity* identity, const char* key, const char* value, hoop_error** error) {
  const int32_t result = Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = Need(identity, "identity"); !status.ok()) return status;
    if (!identity->is_lent) {
      return Error(absl::StatusCode::kFailedPrecondition, "identity: it is not a verifier's to fill");
    }
    absl::Status status = Need(key, "key", value, "value");
    if (status.ok()) status = hoop::c::SetText(*identity, key, value);
    identity->wrong.Update(status);
    return status;
  });
  // Also when memory is short: an answer that lacks something is none.
  const bool counts = result != HOOP_OK && identity != nullptr && identity->is_lent;
  if (counts) identity->wrong.Update(absl::Status(absl::StatusCode::kResourceExhausted, ""));
  return result;
}

const char* hoop_identity_get(const hoop_identity* identity, const char* key) {
  if (identity == nullptr || key == nullptr) return nullptr;
  const auto found = identity->texts.find(std::string_view(key));
  return found == identity->texts.end() ? nullptr : found->second.c_str();
}

void hoop_identity_destroy(hoop_identity* identity) {
  if (identity != nullptr && !identity->is_lent) delete identity;
}

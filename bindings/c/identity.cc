// hoop_identity: an Identity by its texts.
#include <map>
#include <string>

#include "gateway.h"

struct hoop_identity {
  std::map<std::string, std::string, std::less<>> texts;
};

using hoop::c::Guard;
using hoop::c::Need;
using hoop::c::NeedStore;

namespace {

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
  for (size_t i = 0; i < identity.groups.size(); ++i) put("group." + std::to_string(i), identity.groups[i]);
  put("is_admin", identity.is_admin ? "true" : "false");
  put("is_auditor", identity.is_auditor ? "true" : "false");
  if (identity.expires_at != absl::InfiniteFuture()) {
    put("expires_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", identity.expires_at, absl::UTCTimeZone()));
  }
  return texts;
}

}  // namespace

int32_t hoop_gateway_verify_token(hoop_gateway* gateway, const char* token, hoop_identity** identity,
                                  hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = NeedStore(gateway);
    if (status.ok()) status = Need(token, "token", identity, "identity");
    if (!status.ok()) return status;
    const absl::StatusOr<hoop::Identity> verified = gateway->gateway->VerifyToken(token);
    if (!verified.ok()) return verified.status();
    *identity = new hoop_identity{TextsOf(*verified)};
    return absl::OkStatus();
  });
}

const char* hoop_identity_get(const hoop_identity* identity, const char* key) {
  if (identity == nullptr || key == nullptr) return nullptr;
  const auto found = identity->texts.find(std::string_view(key));
  return found == identity->texts.end() ? nullptr : found->second.c_str();
}

void hoop_identity_destroy(hoop_identity* identity) { delete identity; }

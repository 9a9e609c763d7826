#include "identity/host_verifier.h"

#include <algorithm>

#include "base/limits/identity.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace hoop {
namespace {

// These texts go into logs, rows, environments of commands and what agents are told.
absl::Status CheckLine(std::string_view what, std::string_view text) {
  if (text.size() > limits::kProfileTextBytesMax) {
    return InvalidArgument("{}: more than {} bytes", what, limits::kProfileTextBytesMax);
  }
  if (!IsUtf8(text)) return InvalidArgument("{}: not UTF-8", what);
  const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) return InvalidArgument("{}: holds a control character", what);
  return absl::OkStatus();
}

absl::Status CheckAnswer(const Identity& identity) {
  if (identity.subject.empty()) return InvalidArgument("subject: is not set");
  HOOP_RETURN_IF_ERROR(CheckLine("subject", identity.subject));
  HOOP_RETURN_IF_ERROR(CheckLine("user_id", identity.user_id));
  HOOP_RETURN_IF_ERROR(CheckLine("email", identity.email));
  HOOP_RETURN_IF_ERROR(CheckLine("name", identity.name));
  if (identity.groups.size() > limits::kGroupsMax) return InvalidArgument("groups: more than {}", limits::kGroupsMax);
  for (const std::string& group : identity.groups) HOOP_RETURN_IF_ERROR(CheckLine("group", group));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Identity> HostVerifier::Verify(std::string_view token, absl::Time now) {
  if (own_.IsOurs(token)) return own_.Verify(token, now);
  absl::StatusOr<Identity> identity = host_.Verify(token, now);
  if (absl::IsNotFound(identity.status())) return own_.Verify(token, now);  // it says what is wrong with it
  if (!identity.ok()) return Refusal(identity.status());
  if (const absl::Status status = CheckAnswer(*identity); !status.ok()) return Unusable(StatusText(status));
  if (now >= identity->expires_at) return Unauthenticated("token: it is expired");
  if (identity->org_id.empty()) identity->org_id = org_id_;
  if (identity->user_id.empty()) identity->user_id = identity->subject;
  if (identity->email.empty()) identity->email = identity->subject;
  return identity;
}

absl::Status HostVerifier::Refusal(const absl::Status& status) const {
  if (!absl::IsUnauthenticated(status) && !absl::IsUnavailable(status)) return Unusable(StatusText(status));
  if (CheckLine("reason", StatusText(status)).ok()) return status;
  return MakeStatus(status.code(), "identity provider: refused, for a reason that is no short line of UTF-8");
}

absl::Status HostVerifier::Unusable(std::string_view why) const {
  const std::string shown(CheckLine("reason", why).ok() ? why : "failed, for a reason that is no short line of UTF-8");
  log_.Error("identity provider failed", "reason", shown);
  return Internal("identity provider: {}", shown);
}

}  // namespace hoop

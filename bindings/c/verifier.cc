#include "verifier.h"

#include "identity.h"

namespace hoop::c {
namespace {

absl::StatusCode CodeOf(int32_t status) {
  switch (status) {
    case HOOP_UNAUTHENTICATED:
      return absl::StatusCode::kUnauthenticated;
    case HOOP_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case HOOP_UNAVAILABLE:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::StatusOr<Identity> CallbackVerifier::Verify(std::string_view token, absl::Time) {
  // A text of C would end there: what is behind it would not be judged.
  if (token.find('\0') != token.npos) return Error(absl::StatusCode::kUnauthenticated, "token: holds a zero byte");
  const std::string text(token);
  hoop_identity identity{.is_lent = true};
  int32_t answer = HOOP_INTERNAL;
  CallHost([&] { answer = verify_(text.c_str(), &identity, user_data_.get()); });
  if (answer != HOOP_OK) {
    const char* reason = hoop_identity_get(&identity, "reason");
    return Error(CodeOf(answer), reason != nullptr ? reason : "the verifier refused the token");
  }
  if (!identity.wrong.ok()) return identity.wrong;
  return IdentityOf(identity);
}

}  // namespace hoop::c

// A host's own IdpVerifier with ours behind it. Made by gateway/; a C host's verifier (bindings/c) comes this way, too.
#pragma once

#include <string>

#include "base/log.h"
#include "hoop/idp_verifier.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time. Asks the host, and our own accounts where the host knows
// nothing of a token. Nothing else of the gateway meets an answer that was not looked at here.
class HostVerifier final : public IdpVerifier {
 public:
  // `host` and `own` outlive it; `org_id` is everybody's who names none.
  HostVerifier(IdpVerifier& host, IdpVerifier& own, std::string org_id, Log log)
      : host_(host), own_(own), org_id_(std::move(org_id)), log_(log) {}

  // Internal: the host's answer cannot be used, the text says why.
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;

 private:
  absl::Status Refusal(const absl::Status& status) const;
  absl::Status Unusable(std::string_view why) const;

  IdpVerifier& host_;
  IdpVerifier& own_;
  const std::string org_id_;
  const Log log_;
};

}  // namespace hoop

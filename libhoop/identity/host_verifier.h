// A host's own IdpVerifier with ours behind it. Made by gateway/; a C host's verifier (bindings/c) comes this way, too.
#pragma once

#include <string>

#include "base/log.h"
#include "hoop/idp_verifier.h"
#include "identity/local_verifier.h"

namespace hoop {

// Owned by Gateway. Worker threads, several at a time; MayWait: also loops. Asks the host about what we did not make
// ourselves. Nothing else of the gateway meets an answer that was not looked at here.
class HostVerifier final : public IdpVerifier {
 public:
  // `host` and `own` outlive it; `org_id` is everybody's who names none.
  HostVerifier(IdpVerifier& host, LocalVerifier& own, std::string org_id, Log log)
      : host_(host), own_(own), org_id_(std::move(org_id)), log_(log) {}

  // Internal: the host's answer cannot be used, the text says why.
  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;
  bool MayWait(std::string_view token) const override { return !own_.IsOurs(token) && host_.MayWait(token); }

 private:
  absl::Status Refusal(const absl::Status& status) const;
  absl::Status Unusable(std::string_view why) const;

  IdpVerifier& host_;
  LocalVerifier& own_;
  const std::string org_id_;
  const Log log_;
};

}  // namespace hoop

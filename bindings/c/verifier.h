// A host's verify function as an IdpVerifier. Made by hoop_options_set_verifier.
#pragma once

#include "guard.h"
#include "hoop/idp_verifier.h"

namespace hoop::c {

// What it answers is judged further by the gateway, as a verifier's in C++ (identity/host_verifier.h).
class CallbackVerifier final : public IdpVerifier {
 public:
  CallbackVerifier(hoop_verify_fn verify, void* user_data, void (*destroy)(void*))
      : verify_(verify), user_data_(user_data, destroy) {}

  absl::StatusOr<Identity> Verify(std::string_view token, absl::Time now) override;

 private:
  const hoop_verify_fn verify_;
  const UserData user_data_;
};

}  // namespace hoop::c

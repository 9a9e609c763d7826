// What a gateway's start would find in its database, for `hoop-gateway --check` (gateway/start_trial.cc) and before a
// key of secrets is made (gateway/secrets_rotation.cc).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace hoop {

// One line; changes nothing. `box` is the key of secrets, null where there is none yet. Errors as of Store::Open.
absl::StatusOr<std::string> LookAtStore(const StoreAddress& address, const SecretBox* box);

}  // namespace hoop

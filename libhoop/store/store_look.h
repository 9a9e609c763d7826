// What a gateway's start would find in its database, for `hoop-gateway --check`. Called by gateway/start_trial.cc.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace hoop {

// One line; changes nothing. `box` is the key of secrets, null where there is none yet; one of an older schema is not
// looked at. Errors as of Store::Open.
absl::StatusOr<std::string> LookAtStore(const StoreAddress& address, const SecretBox* box);

}  // namespace hoop

// What a gateway's start would find in its database, for `hoop-gateway --check`. Called by gateway/start_trial.cc.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "store/store.h"

namespace hoop {

// One line; changes nothing. Errors as of Store::Open, but for the key of secrets.
absl::StatusOr<std::string> LookAtStore(const StoreAddress& address);

}  // namespace hoop

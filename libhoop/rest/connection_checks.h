// What a connection must not be: names and tags of the wrong form, secrets that no agent could use. Asked before one is
// stored.
#pragma once

#include "absl/status/status.h"
#include "store/connection_table.h"

namespace hoop::rest {

// InvalidArgument names the member; never a secret's value. A secret that is missing is no error: it may come later, or
// from the agent's own environment.
absl::Status CheckConnection(const ConnectionRow& row);

}  // namespace hoop::rest

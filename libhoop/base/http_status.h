// HTTP's status codes as ours. Used by rest/, which answers with them, and by client/, which is answered with them.
#pragma once

#include "absl/status/status.h"

namespace hoop {

// Of a refusal: what is not a 4xx and has no meaning of its own is Internal.
absl::StatusCode CodeOfHttpStatus(int http_status);

}  // namespace hoop

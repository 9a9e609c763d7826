// What a caller may give a session so that his own systems find it again. Checked where it comes in: rest/, gateway/.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace hoop {

// InvalidArgument: it is longer than limits::kRestCorrelationBytesMax, or holds something else than printable ASCII.
// The text begins with `named`. None at all is fine.
absl::Status CheckCorrelationId(std::string_view named, std::string_view id);

}  // namespace hoop

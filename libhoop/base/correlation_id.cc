#include "base/correlation_id.h"

#include <algorithm>

#include "base/limits/http.h"
#include "base/status.h"

namespace hoop {

absl::Status CheckCorrelationId(std::string_view named, std::string_view id) {
  const bool is_printable = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 127; });
  if (is_printable && id.size() <= limits::kRestCorrelationBytesMax) return absl::OkStatus();
  return InvalidArgument("{}: wants up to {} printable ASCII characters", named, limits::kRestCorrelationBytesMax);
}

}  // namespace hoop

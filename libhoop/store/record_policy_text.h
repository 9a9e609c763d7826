// RecordPolicy as columns and connection files spell it.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "hoop/audit_store.h"

namespace hoop {

inline std::string_view RecordPolicyText(RecordPolicy policy) {
  return policy == RecordPolicy::kDurable ? "durable" : "buffered";
}

// InvalidArgument: neither durable nor buffered.
inline absl::StatusOr<RecordPolicy> RecordPolicyFromText(std::string_view text) {
  if (text == "durable") return RecordPolicy::kDurable;
  if (text == "buffered") return RecordPolicy::kBuffered;
  return InvalidArgument("record policy: durable or buffered, nothing else");
}

}  // namespace hoop

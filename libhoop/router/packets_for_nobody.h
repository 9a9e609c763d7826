// Counts what an agent says to nobody. Used by AgentLink and, before an agent is admitted, by AgentRouter.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/limits/router.h"
#include "base/status.h"

namespace hoop {

// Of one stream. Loop thread only.
class PacketsForNobody final {
 public:
  // One more, at `now`. ResourceExhausted: more than limits::kPacketsForNobodyMax within a second; the agent is cut.
  absl::Status Count(std::string_view agent, absl::Duration now) {
    if (now - since_ >= absl::Seconds(1)) {
      since_ = now;
      count_ = 0;
    }
    if (++count_ <= limits::kPacketsForNobodyMax) return absl::OkStatus();
    return ResourceExhausted("agent {}: more than {} packets within a second for sessions that nobody knows", agent,
                             limits::kPacketsForNobodyMax);
  }

 private:
  absl::Duration since_ = absl::ZeroDuration();
  size_t count_ = 0;  // since then
};

}  // namespace hoop

#include "gateway/flood_penalties.h"

#include "base/limits/listener.h"
#include "base/status.h"

namespace hoop {

// An older penalty of the same peer may still be here, also when it is over.
void FloodPenalties::Punish(const std::string& peer) {
  until_.insert_or_assign(peer, loop_.Monotonic() + limits::kFloodPenaltyTime);
}

absl::Status FloodPenalties::Check(const std::string& peer, const std::string& bearer_hash) {
  absl::Status left = Left(peer);
  if (!left.ok()) until_.emplace(bearer_hash, until_.at(peer));
  return left;
}

absl::Status FloodPenalties::Left(const std::string& who) {
  if (until_.empty()) return absl::OkStatus();
  const absl::Duration now = loop_.Monotonic();
  std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
  const auto found = until_.find(who);
  if (found == until_.end()) return absl::OkStatus();
  return ResourceExhausted("a connection with these credentials sent too much and was cut; try again in {}",
                           absl::FormatDuration(absl::Ceil(found->second - now, absl::Seconds(1))));
}

}  // namespace hoop

#include "gateway/flood_penalties.h"

#include <algorithm>

#include "base/status.h"

namespace hoop {

// An older penalty of the same peer may still be here, also when it is over.
void FloodPenalties::Punish(const std::string& peer, const absl::Status& why) {
  Penalty& penalty = penalties_[peer];
  const absl::Duration now = loop_.Monotonic();
  if (absl::IsResourceExhausted(why)) {
    penalty.until = std::max(penalty.until, now + limits::kFloodPenaltyTime);
  } else {
    penalty.mistakes.Spend(1, now);
    penalty.until = std::max(penalty.until, now + penalty.mistakes.Wait(now));
  }
}

absl::Status FloodPenalties::Check(const std::string& peer, const std::string& bearer_hash) {
  absl::Status left = Left(peer);
  if (!left.ok()) penalties_[bearer_hash].until = penalties_.at(peer).until;
  return left;
}

absl::Status FloodPenalties::Left(const std::string& who) {
  if (penalties_.empty()) return absl::OkStatus();
  const absl::Duration now = loop_.Monotonic();
  std::erase_if(penalties_,
                [now](const auto& entry) { return entry.second.until <= now && entry.second.mistakes.IsRested(now); });
  const auto found = penalties_.find(who);
  if (found == penalties_.end() || found->second.until <= now) return absl::OkStatus();
  return ResourceExhausted("a connection with these credentials was cut for what it sent; try again in {}",
                           absl::FormatDuration(absl::Ceil(found->second.until - now, absl::Seconds(1))));
}

}  // namespace hoop

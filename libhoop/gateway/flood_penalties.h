// Who flooded the gateway waits before it comes in again: what a flood costs until it is cut would else be paid for
// each connection that its sender opens. Part of Admission.
#pragma once

#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/limits/listener.h"
#include "base/loop.h"
#include "base/pace.h"

namespace hoop {

// Loop thread only. Keeps ids of agents and users, and digests of bearers that were found good: no stranger fills it.
class FloodPenalties final {
 public:
  explicit FloodPenalties(Loop& loop) : loop_(loop) {}

  // A connection of `peer`, an agent's or user's id, was cut. For a flood (ResourceExhausted) it waits
  // limits::kFloodPenaltyTime from now; else it waits when that happens too often.
  void Punish(const std::string& peer, const absl::Status& why);

  // ResourceExhausted: `peer` has to wait still. Its bearer is remembered, too, and refused without another look.
  absl::Status Check(const std::string& peer, const std::string& bearer_hash);
  absl::Status CheckBearer(const std::string& bearer_hash) { return Left(bearer_hash); }
  bool empty() const { return penalties_.empty(); }

 private:
  struct Penalty {
    absl::Duration until = -absl::InfiniteDuration();  // in Loop::Monotonic
    Pace mistakes{limits::kProtocolErrorTime, limits::kProtocolErrorsAtOnceMax};
  };

  absl::Status Left(const std::string& who);

  Loop& loop_;
  std::unordered_map<std::string, Penalty> penalties_;
};

}  // namespace hoop

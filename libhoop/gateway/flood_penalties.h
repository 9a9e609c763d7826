// Who flooded the gateway waits before it comes in again: what a flood costs until it is cut would else be paid for
// each connection that its sender opens. Part of Admission.
#pragma once

#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/loop.h"

namespace hoop {

// Loop thread only. Keeps ids of agents and users, and digests of bearers that were found good: no stranger fills it.
class FloodPenalties final {
 public:
  explicit FloodPenalties(Loop& loop) : loop_(loop) {}

  // A connection of `peer`, an agent's or user's id, was cut for a flood: it waits limits::kFloodPenaltyTime from now.
  void Punish(const std::string& peer);

  // ResourceExhausted: `peer` has to wait still. Its bearer is remembered, too, and refused without another look.
  absl::Status Check(const std::string& peer, const std::string& bearer_hash);
  absl::Status CheckBearer(const std::string& bearer_hash) { return Left(bearer_hash); }
  bool empty() const { return until_.empty(); }

 private:
  absl::Status Left(const std::string& who);

  Loop& loop_;
  std::unordered_map<std::string, absl::Duration> until_;  // in Loop::Monotonic
};

}  // namespace hoop

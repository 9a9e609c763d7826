// How fast something may be done: some of it at once, then one each so often.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace hoop {

// A value; whoever has it says what time it is. Nothing is refused: who spends more than there is waits longer.
class Pace final {
 public:
  // There is no limit.
  Pace() : Pace(absl::ZeroDuration(), 1) {}
  // The same when `each` is zero.
  Pace(absl::Duration each, int64_t at_once) : each_(each), slack_(each * (at_once - 1)) {}

  void Spend(int64_t count, absl::Duration now) { paid_until_ = std::max(paid_until_, now) + count * each_; }
  // What was spent turned out to be free.
  void GiveBack(int64_t count) { paid_until_ -= count * each_; }
  // Nothing of what was spent is left: as good as new.
  bool IsRested(absl::Duration now) const { return paid_until_ <= now; }
  // Until the next one; zero: it may come now.
  absl::Duration Wait(absl::Duration now) const { return std::max(absl::ZeroDuration(), paid_until_ - slack_ - now); }

 private:
  absl::Duration each_;
  absl::Duration slack_;
  absl::Duration paid_until_ = -absl::InfiniteDuration();
};

}  // namespace hoop

#include "transport/frame_budget.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace hoop {
namespace {

// Per second and connection, before and after the peer is known. Wide enough for honest bursts: a client that opens,
// or cancels, everything it has at once.
constexpr uint32_t kControlStrict = 50, kControlWide = 200;
constexpr uint32_t kOpenedStrict = 100, kOpenedWide = 20000;
constexpr uint32_t kResetsStrict = 100, kResetsWide = 20000;
constexpr uint32_t kEmptyStrict = 50, kEmptyWide = 1000;
constexpr uint32_t kInvalidStrict = 20, kInvalidWide = 100;
constexpr uint32_t kUpdatesStrict = 1000, kUpdatesWide = 20000;

// What DATA of ours earns, and how much of it can be saved.
constexpr uint32_t kUpdatesPerData = 4, kUpdatesSaved = 1'000'000;
constexpr uint32_t kPingsPerData = 1, kPingsSaved = 10000;

bool Spend(uint32_t& earned) {
  if (earned == 0) return false;
  --earned;
  return true;
}

}  // namespace

const char* FrameBudget::OnFrame(uint8_t type, uint8_t flags, size_t length, absl::Duration now) {
  switch (type) {
    case NGHTTP2_DATA:
      if (length > 0 || (flags & NGHTTP2_FLAG_END_STREAM) != 0) return nullptr;
      StartSecond(now);
      return Count(empty_, kEmptyStrict, kEmptyWide, "empty DATA frames");
    case NGHTTP2_WINDOW_UPDATE:
      if (Spend(earned_updates_)) return nullptr;
      StartSecond(now);
      return Count(updates_, kUpdatesStrict, kUpdatesWide, "WINDOW_UPDATE frames");
    case NGHTTP2_PING:
      if (Spend(earned_pings_)) return nullptr;
      break;
    case NGHTTP2_HEADERS:
      StartSecond(now);
      return Count(opened_, kOpenedStrict, kOpenedWide, "HEADERS frames");
    case NGHTTP2_RST_STREAM:
      StartSecond(now);
      return Count(resets_, kResetsStrict, kResetsWide, "RST_STREAM frames");
    default:
      break;
  }
  StartSecond(now);
  return Count(control_, kControlStrict, kControlWide, "control frames");
}

const char* FrameBudget::OnInvalidFrame(absl::Duration now) {
  StartSecond(now);
  return Count(invalid_, kInvalidStrict, kInvalidWide, "invalid frames");
}

void FrameBudget::Earn() {
  earned_updates_ = std::min(earned_updates_ + kUpdatesPerData, kUpdatesSaved);
  earned_pings_ = std::min(earned_pings_ + kPingsPerData, kPingsSaved);
}

void FrameBudget::StartSecond(absl::Duration now) {
  const int64_t second = absl::ToInt64Seconds(now);
  if (second == second_) return;
  second_ = second;
  control_ = opened_ = resets_ = empty_ = invalid_ = updates_ = 0;
}

const char* FrameBudget::Count(uint32_t& counter, uint32_t strict_max, uint32_t wide_max, const char* name) const {
  return ++counter > (trusted_ ? wide_max : strict_max) ? name : nullptr;
}

}  // namespace hoop

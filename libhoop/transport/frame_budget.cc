#include "transport/frame_budget.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/limits/http2.h"
#include "base/limits/units.h"

namespace hoop {
namespace {

// What DATA of ours earns, and how much of it can be saved.
constexpr uint32_t kUpdatesPerData = 4, kUpdatesSaved = 1'000'000;
constexpr uint32_t kPingsPerData = 1, kPingsSaved = 10'000;
constexpr uint32_t kBytesPerStream = 100, kStreamsSaved = 20'000;  // an agent opens what we ask it to

constexpr size_t kContinuationBytesMin = 1024;  // what one counts for that is shorter
// What a header counts for besides its text: it costs as much. A stranger's first head has some dozen.
constexpr size_t kFieldBytes = 256, kStrangersFieldBytes = 1024;

bool TakeEarned(uint32_t& earned) {
  if (earned == 0) return false;
  --earned;
  return true;
}

}  // namespace

// Wide enough for honest bursts: a client that cancels everything it has at once; what is still under way to streams
// that we ended. Who opens much at once is slowed down before (limits::kHeadsCostTime), and what it gets for it earns
// more.
const FrameBudget::Limit FrameBudget::kLimits[kKinds] = {
    {"control frames", 50, 200, 200},
    {"HEADERS frames", 100, 1'000, 500},
    {"RST_STREAM frames", 100, 20'000, 2'000},
    {"DATA frames for nobody", 200, 20'000, 20'000},
    {"invalid frames", 20, 100, 100},
    {"WINDOW_UPDATE frames", 1'000, 20'000, 20'000},
    {"bytes of headers", 1 * limits::kMiB, 8 * limits::kMiB, 8 * limits::kMiB},
};

FrameBudget::FrameBudget() {
  for (size_t kind = 0; kind < kKinds; ++kind) left_[kind] = kLimits[kind].strict;
}

void FrameBudget::Trust() {
  is_trusted_ = true;
  for (size_t kind = 0; kind < kKinds; ++kind) left_[kind] = kLimits[kind].wide_burst;
}

const char* FrameBudget::OnFrame(uint8_t type, size_t length, absl::Duration now) {
  switch (type) {
    case NGHTTP2_DATA:
      return nullptr;
    case NGHTTP2_WINDOW_UPDATE:
      if (TakeEarned(earned_updates_)) return nullptr;
      StartSecond(now);
      return Spend(kUpdates);
    case NGHTTP2_HEADERS:
      StartSecond(now);
      // A larger one is an error by itself.
      if (const char* over = Spend(kHeaderBytes, std::min(length, limits::kHttp2FrameBytesMax)); over != nullptr) {
        return over;
      }
      return TakeEarned(earned_streams_) ? nullptr : Spend(kOpened);
    case NGHTTP2_CONTINUATION:
      StartSecond(now);
      return Spend(kHeaderBytes, std::max(length, kContinuationBytesMin));
    case NGHTTP2_RST_STREAM:
      StartSecond(now);
      return Spend(kResets);
    case NGHTTP2_PING:
      if (TakeEarned(earned_pings_)) return nullptr;
      break;
    default:
      break;
  }
  StartSecond(now);
  return Spend(kControl);
}

const char* FrameBudget::OnInvalidFrame(absl::Duration now) {
  StartSecond(now);
  return Spend(kInvalid);
}

const char* FrameBudget::OnWasted(size_t frames, absl::Duration now) {
  StartSecond(now);
  return Spend(kWasted, frames);
}

const char* FrameBudget::OnHeader(size_t size) {
  return Spend(kHeaderBytes, size + (is_trusted_ ? kFieldBytes : kStrangersFieldBytes));
}

void FrameBudget::Earn(size_t size) {
  earned_updates_ = std::min(earned_updates_ + kUpdatesPerData, kUpdatesSaved);
  earned_pings_ = std::min(earned_pings_ + kPingsPerData, kPingsSaved);
  earned_streams_ = std::min(earned_streams_ + 1 + static_cast<uint32_t>(size / kBytesPerStream), kStreamsSaved);
}

void FrameBudget::StartSecond(absl::Duration now) {
  const int64_t second = absl::ToInt64Seconds(now);
  if (second == second_) return;
  const auto passed = static_cast<uint64_t>(second - second_);
  second_ = second;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    const Limit& limit = kLimits[kind];
    const uint64_t burst = is_trusted_ ? limit.wide_burst : limit.strict;
    const uint64_t rate = is_trusted_ ? limit.wide_rate : limit.strict;
    left_[kind] = static_cast<uint32_t>(std::min(burst, left_[kind] + std::min(passed, burst) * rate));
  }
}

const char* FrameBudget::Spend(Kind kind, size_t count) {
  if (count > left_[kind]) return kLimits[kind].name;
  left_[kind] -= static_cast<uint32_t>(count);
  return nullptr;
}

}  // namespace hoop

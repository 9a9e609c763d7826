// How many control frames a peer may send. Flat limits kill honest peers: gRPC C++ answers each message with a
// WINDOW_UPDATE, grpc-go each burst with a PING. So most of the allowance is earned by DATA that we sent.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace hoop {

// One per Http2Session, asked for each frame that begins. A value.
class FrameBudget final {
 public:
  // Null: go on. Else the name of the limit that was passed; the connection has to end.
  const char* OnFrame(uint8_t type, uint8_t flags, size_t length, absl::Duration now);
  const char* OnInvalidFrame(absl::Duration now);

  // A DATA frame of ours left.
  void Earn();

  // The peer proved who it is.
  void Trust() { trusted_ = true; }

 private:
  void StartSecond(absl::Duration now);
  const char* Count(uint32_t& counter, uint32_t strict_max, uint32_t wide_max, const char* name) const;

  bool trusted_ = false;
  int64_t second_ = -1;
  // Of this second.
  uint32_t control_ = 0, opened_ = 0, resets_ = 0, empty_ = 0, invalid_ = 0, updates_ = 0;
  // Earned by DATA that we sent, spent before the flat allowance.
  uint32_t earned_updates_ = 0, earned_pings_ = 0;
};

}  // namespace hoop

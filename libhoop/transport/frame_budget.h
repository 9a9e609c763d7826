// How many frames a peer may send that cost more than they bring. Flat limits kill honest peers: gRPC C++ answers each
// message with a WINDOW_UPDATE, grpc-go each burst with a PING. So most of the allowance is earned by DATA that we
// sent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace hoop {

// One per Http2Session, asked for each frame that begins. A value.
class FrameBudget final {
 public:
  FrameBudget();

  // Null: go on. Else the name of the limit that was passed; the connection has to end.
  const char* OnFrame(uint8_t type, size_t length, absl::Duration now);
  const char* OnInvalidFrame(absl::Duration now);
  // A header came out of a block: `size` bytes, which may have been one byte on the wire.
  const char* OnHeader(size_t size);
  // DATA frames that brought nobody anything: padding, nothing at all, streams that are over.
  const char* OnWasted(size_t frames, absl::Duration now);

  // A DATA frame of ours left.
  void Earn(size_t size);

  // The peer proved who it is.
  void Trust();

 private:
  enum Kind { kControl, kOpened, kResets, kWasted, kInvalid, kUpdates, kHeaderBytes, kKinds };

  // Tokens of a bucket.
  struct Limit {
    const char* name;
    uint32_t strict;                 // burst and rate per second, before the peer is known
    uint32_t wide_burst, wide_rate;  // afterwards
  };
  static const Limit kLimits[kKinds];

  void StartSecond(absl::Duration now);
  const char* Spend(Kind kind, size_t count = 1);

  std::array<uint32_t, kKinds> left_;
  bool is_trusted_ = false;
  int64_t second_ = 0;
  // Earned by DATA that we sent, spent before the flat allowance.
  uint32_t earned_updates_ = 0, earned_pings_ = 0, earned_streams_ = 0;
};

}  // namespace hoop

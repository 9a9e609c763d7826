// Two packet streams joined in memory: the same rules of back-pressure, half close and end as over HTTP/2, without a
// socket. For callers inside the gateway's process and for tests.
#pragma once

#include <memory>

#include "base/loop.h"
#include "wire/packet_stream.h"

namespace hoop {

struct MemoryStreamPair {
  std::unique_ptr<PacketStream> dialling;
  std::unique_ptr<PacketStream> listening;
};

// Both ends live on `loop` and show the same metadata. What is sent arrives in a later turn; an end that does not read
// holds limits::kStreamWindowBytes (and one packet), the rest stays queued at the sender.
MemoryStreamPair MakeMemoryStreamPair(Loop& loop, const Metadata& metadata);

}  // namespace hoop

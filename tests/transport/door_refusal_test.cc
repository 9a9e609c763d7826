// What a dialler of ours makes of a refusal at the door.
#include "transport/door_refusal.h"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_loop.h"
#include "tests/fakes/memory_bytes.h"
#include "tests/support/status_matchers.h"
#include "transport/grpc_channel.h"

namespace hoop {
namespace {

struct End final : PacketStream::Receiver {
  void OnPacket(Packet) override {}
  void OnEnd(const absl::Status& ended) override { status = ended; }
  absl::Status status;
};

TEST(DoorRefusal, ReachesTheUserOfTheDialler) {
  ManualClock clock;
  ManualLoop loop(clock);
  MemoryBytes::Pair pair = MemoryBytes::Make(loop);
  const auto channel = GrpcChannel::Create(loop, std::move(pair.a), {.authority = "gw:1"}, [](const absl::Status&) {});
  const auto stream = channel->OpenStream({});
  End end;
  stream->SetReceiver(&end);
  const std::string refusal = Http2DoorRefusal("this port speaks TLS\n");
  const iovec piece = {const_cast<char*>(refusal.data()), refusal.size()};
  pair.b->Write(&piece, 1);
  loop.TurnUntilIdle();
  EXPECT_STATUS(end.status, absl::StatusCode::kFailedPrecondition,
                "connection to memory: peer said GOAWAY INADEQUATE_SECURITY, last stream 0: this port speaks TLS%0A");
}

}  // namespace
}  // namespace hoop

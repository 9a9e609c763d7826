#include "transport/memory_stream.h"

#include "base/limits/http2.h"
#include "tests/transport/wire_fixture.h"

namespace hoop::testing {
namespace {

class MemoryStreams : public ::testing::Test {
 protected:
  MemoryStreams() {
    MemoryStreamPair pair = MakeMemoryStreamPair(loop, {{"origin", "client"}});
    client = std::make_unique<Recorder>(std::move(pair.dialling));
    server = std::make_unique<Recorder>(std::move(pair.listening));
  }
  ManualClock clock;
  ManualLoop loop{clock};
  std::unique_ptr<Recorder> client, server;
};

TEST_F(MemoryStreams, CarryPacketsBothWays) {
  EXPECT_EQ(server->stream->metadata().Get("origin"), "client");
  client->stream->Send(Payload("a"));
  server->stream->Send(Payload("b"));
  EXPECT_TRUE(server->packets.empty());
  loop.TurnUntilIdle();
  EXPECT_EQ(server->payload(0), "a");
  EXPECT_EQ(client->payload(0), "b");
}

TEST_F(MemoryStreams, HoldBackForAStoppedReader) {
  server->stream->SetReading(false);
  const Packet packet = Payload(std::string(10'000, 'x'));
  for (int i = 0; i < 50; ++i) client->stream->Send(packet.Clone());
  loop.TurnUntilIdle();
  EXPECT_TRUE(server->packets.empty());
  EXPECT_GE(client->stream->queued_bytes(), 50 * packet.size() - limits::kStreamWindowBytes - packet.size());
  EXPECT_EQ(client->drained_count, 0);
  server->stream->SetReading(true);
  loop.TurnUntilIdle();
  EXPECT_EQ(server->packets.size(), 50u);
  EXPECT_EQ(client->stream->queued_bytes(), 0u);
  EXPECT_EQ(client->drained_count, 1);
}

TEST_F(MemoryStreams, HalfCloseThenStatus) {
  client->stream->Send(Payload("q"));
  client->stream->Finish(absl::OkStatus());
  client->stream->Send(Payload("ignored"));
  loop.TurnUntilIdle();
  EXPECT_EQ(server->packets.size(), 1u);
  EXPECT_EQ(server->done_count, 1);
  server->stream->Send(Payload("a"));
  server->stream->Finish(NotFound("no"));
  loop.TurnUntilIdle();
  EXPECT_EQ(client->payload(0), "a");
  EXPECT_STATUS(*client->end, absl::StatusCode::kNotFound, "no");
  EXPECT_OK(*server->end);
  EXPECT_EQ(client->end_count, 1);
}

TEST_F(MemoryStreams, AFinishedAnswerOutlivesItsStream) {
  server->stream->Send(Payload("a"));
  server->stream->Finish(Aborted("x"));
  server->stream.reset();
  loop.TurnUntilIdle();
  EXPECT_EQ(client->payload(0), "a");
  EXPECT_STATUS(*client->end, absl::StatusCode::kAborted, "x");
}

TEST_F(MemoryStreams, TellTheOtherEndWhenOneIsDropped) {
  client->stream.reset();
  loop.TurnUntilIdle();
  EXPECT_STATUS(*server->end, absl::StatusCode::kCancelled, "");

  MemoryStreamPair pair = MakeMemoryStreamPair(loop, {});
  Recorder other(std::move(pair.dialling));
  pair.listening.reset();
  loop.TurnUntilIdle();
  EXPECT_STATUS(*other.end, absl::StatusCode::kUnavailable, "");
}

TEST_F(MemoryStreams, MayBeDestroyedInsideCallBacks) {
  client->on_packet = [this] { client->stream.reset(); };
  server->stream->Send(Payload("a"));
  server->stream->Send(Payload("b"));
  loop.TurnUntilIdle();
  EXPECT_EQ(client->packets.size(), 1u);
  EXPECT_STATUS(*server->end, absl::StatusCode::kCancelled, "");
}

TEST_F(MemoryStreams, WaitForTheirReceiver) {
  MemoryStreamPair pair = MakeMemoryStreamPair(loop, {});
  pair.dialling->Send(Payload("early"));
  loop.TurnUntilIdle();
  Recorder late(std::move(pair.listening));
  loop.TurnUntilIdle();
  EXPECT_EQ(late.payload(0), "early");
}

}  // namespace
}  // namespace hoop::testing

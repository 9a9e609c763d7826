// Calls of our channel to our server: order, ends, windows, bounds.
#include "base/limits/http2.h"
#include "base/limits/listener.h"
#include "base/limits/wire.h"
#include "tests/transport/wire_fixture.h"

namespace hoop::testing {
namespace {

using Call = WireTest;
constexpr size_t kWindow = limits::kStreamWindowBytes;

TEST_F(Call, CarriesPacketsBothWaysInOrder) {
  Connect();
  auto client = Open({{"origin", "client"}, {"verb", "exec"}});
  EXPECT_EQ(served().stream->metadata().Get("origin"), "client");
  for (int i = 0; i < 100; ++i) {
    client->stream->Send(Packet("A", {{"k", std::to_string(i)}}, "in"));
    served().stream->Send(Packet("B", {{"k", std::to_string(i)}}, "out"));
  }
  loop.TurnUntilIdle();
  ASSERT_EQ(served().packets.size(), 100u);
  ASSERT_EQ(client->packets.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(served().packets[i].SpecText("k"), std::to_string(i));
    EXPECT_EQ(client->packets[i].type(), "B");
    EXPECT_EQ(client->packets[i].SpecText("k"), std::to_string(i));
  }
}

TEST_F(Call, SendsEverythingOfATurnInOneWrite) {
  Connect();
  std::vector<std::unique_ptr<Recorder>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Open());
  const int before = channel_bytes->write_count;
  for (auto& client : clients) {
    for (int i = 0; i < 10; ++i) client->stream->Send(Payload("small"));
  }
  loop.Turn();
  EXPECT_EQ(channel_bytes->write_count, before + 1);
  loop.TurnUntilIdle();
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(served(i).packets.size(), 10u);
}

TEST_F(Call, EndsWithTheStatusOfTheServer) {
  Connect();
  auto client = Open();
  served().stream->Send(Payload("last words"));
  served().stream->Finish(PermissionDenied("not \xC3\xBC%\n yours"));
  loop.TurnUntilIdle();
  EXPECT_EQ(client->payload(0), "last words");
  EXPECT_STATUS(*client->end, absl::StatusCode::kPermissionDenied, "not \xC3\xBC%\n yours");
  EXPECT_EQ(client->end_count, 1);
  EXPECT_OK(*served().end);
}

TEST_F(Call, HalfCloseLeavesTheOtherDirectionOpen) {
  Connect();
  auto client = Open();
  client->stream->Send(Payload("question"));
  client->stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  EXPECT_EQ(served().done_count, 1);
  EXPECT_FALSE(served().end.has_value());
  served().stream->Send(Payload("answer"));
  served().stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  EXPECT_EQ(client->payload(0), "answer");
  EXPECT_OK(*client->end);
  EXPECT_OK(*served().end);
  EXPECT_EQ(channel->held_bytes() + server->held_bytes(), 0u);
}

TEST_F(Call, ARefusalReachesAPeerWhoseStreamIsDropped) {
  Connect();
  server_side.on_stream = [](std::unique_ptr<PacketStream> stream, GrpcConnection&) {
    stream->Finish(NotFound("connection not found"));
  };
  auto client = Open();
  client->stream->Send(Payload("too late"));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*client->end, absl::StatusCode::kNotFound, "connection not found");
  EXPECT_EQ(client->end_count, 1);
}

TEST_F(Call, DroppingAStreamTellsTheOtherEnd) {
  Connect();
  auto first = Open(), second = Open();
  first->stream.reset();
  served(1).stream.reset();
  loop.TurnUntilIdle();
  EXPECT_STATUS(*served(0).end, absl::StatusCode::kCancelled, "CANCEL");
  EXPECT_STATUS(*second->end, absl::StatusCode::kUnavailable, "INTERNAL_ERROR");
  EXPECT_FALSE(first->end.has_value());
}

TEST_F(Call, MayBeDestroyedInsideItsCallBacks) {
  Connect();
  auto client = Open();
  client->on_packet = [&client] { client->stream.reset(); };
  served().stream->Send(Payload("a"));
  served().stream->Send(Payload("b"));
  loop.TurnUntilIdle();
  EXPECT_EQ(client->packets.size(), 1u);
  EXPECT_STATUS(*served().end, absl::StatusCode::kCancelled, "");

  auto second = Open();
  second->on_end = [&second] { second->stream.reset(); };
  served(1).stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  EXPECT_EQ(second->end_count, 1);
}

TEST_F(Call, TheChannelMayBeDestroyedInsideACallBack) {
  Connect();
  auto client = Open(), other = Open();
  client->on_packet = [this] { channel.reset(); };
  served(0).stream->Send(Payload("a"));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*client->end, absl::StatusCode::kUnavailable, "channel closed");
  EXPECT_STATUS(*other->end, absl::StatusCode::kUnavailable, "channel closed");
  EXPECT_STATUS(*served(1).end, absl::StatusCode::kCancelled, "");
  EXPECT_FALSE(closed.has_value());
  EXPECT_EQ(server->connection_count(), 0u);
}

TEST_F(Call, WaitsForItsReceiver) {
  Connect();
  std::unique_ptr<PacketStream> early;
  server_side.on_stream = [&early](std::unique_ptr<PacketStream> stream, GrpcConnection& connection) {
    connection.Authenticated("peer");
    early = std::move(stream);
  };
  auto client = Open();
  client->stream->Send(Payload("first"));
  client->stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  Recorder late(std::move(early));
  loop.TurnUntilIdle();
  EXPECT_EQ(late.payload(0), "first");
  EXPECT_EQ(late.done_count, 1);
}

TEST_F(Call, TellsAnEndThatCameBeforeItsReceiver) {
  Connect();
  auto stream = channel->OpenStream({});
  loop.TurnUntilIdle();
  served().stream->Finish(Aborted("gone"));
  loop.TurnUntilIdle();
  Recorder late(std::move(stream));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*late.end, absl::StatusCode::kAborted, "gone");
}

TEST_F(Call, AnswersPings) {
  Connect();
  auto client = Open();
  int client_answers = 0, server_answers = 0;
  client->stream->Ping([&client_answers] { ++client_answers; });
  client->stream->Ping([&client_answers] { ++client_answers; });
  served().stream->Ping([&server_answers] { ++server_answers; });
  loop.TurnUntilIdle();
  EXPECT_EQ(client_answers, 2);
  EXPECT_EQ(server_answers, 1);
  client->stream->Ping([&client_answers] { ++client_answers; });
  client->stream.reset();
  loop.TurnUntilIdle();
  EXPECT_EQ(client_answers, 2);
}

// --- Windows and bounds ---

TEST_F(Call, AStoppedReaderHoldsAWindowAndTheQueueDrainsLater) {
  Connect();
  auto client = Open();
  served().stream->SetReading(false);
  const std::string payload(10'000, 'x');
  for (int i = 0; i < 50; ++i) client->stream->Send(Payload(payload));
  loop.TurnUntilIdle();
  EXPECT_TRUE(served().packets.empty());
  EXPECT_LE(server->held_bytes(), kWindow);
  EXPECT_GE(client->stream->queued_bytes(), 50 * payload.size() - kWindow);
  EXPECT_EQ(client->drained_count, 0);
  served().stream->SetReading(true);
  loop.TurnUntilIdle();
  EXPECT_EQ(served().packets.size(), 50u);
  EXPECT_EQ(client->stream->queued_bytes(), 0u);
  EXPECT_EQ(client->drained_count, 1);
  EXPECT_EQ(server->held_bytes(), 0u);
}

TEST_F(Call, AStoppedReaderLeavesItsNeighboursAlone) {
  Connect();
  auto stopped = Open(), fast = Open();
  served(0).stream->SetReading(false);
  for (int i = 0; i < 1000; ++i) stopped->stream->Send(Payload(std::string(10'000, 'x')));
  Recorder& echo = served(1);
  echo.on_packet = [&echo] { echo.stream->Send(Payload("echo")); };
  fast->stream->Send(Payload("go"));
  fast->on_packet = [&fast] {
    if (fast->packets.size() < 1000) fast->stream->Send(Payload("go"));
  };
  loop.TurnUntilIdle();
  EXPECT_EQ(fast->packets.size(), 1000u);
  EXPECT_LE(server->held_bytes(), kWindow);
  // All the others' windows too: the connection's window is not theirs to use up.
  std::vector<std::unique_ptr<Recorder>> more;
  for (size_t i = 2; i < 102; ++i) {
    more.push_back(Open());
    loop.Advance(absl::Milliseconds(1));  // they are let in at a pace
    served(i).stream->SetReading(false);
    more.back()->stream->Send(Payload(std::string(100'000, 'x')));
  }
  loop.TurnUntilIdle();
  fast->packets.clear();
  fast->stream->Send(Payload("go"));
  loop.TurnUntilIdle();
  EXPECT_EQ(fast->packets.size(), 1000u);
}

TEST_F(Call, AWindowGrowsForAReaderThatDrains) {
  Connect(4 << 20);
  auto client = Open();
  const std::string payload(16'000, 'x');
  for (int i = 0; i < 200; ++i) client->stream->Send(Payload(payload));
  loop.TurnUntilIdle();
  served().stream->SetReading(false);
  for (int i = 0; i < 200; ++i) client->stream->Send(Payload(payload));
  loop.TurnUntilIdle();
  EXPECT_GT(server->held_bytes(), limits::kStreamWindowBytesMax / 2);
  EXPECT_LE(server->held_bytes(), limits::kStreamWindowBytesMax);
}

TEST_F(Call, AMessageLargerThanTheWindowArrives) {
  Connect();
  auto client = Open();
  for (const size_t size :
       {kWindow / 2 - 5, kWindow / 2, kWindow - 100, kWindow, 3 * limits::kMiB, 16 * limits::kMiB - 64}) {
    client->stream->Send(Payload(std::string(size, 'm')));
  }
  loop.TurnUntilIdle();
  ASSERT_EQ(served().packets.size(), 6u);
  EXPECT_EQ(served().payload(5), std::string(16 * limits::kMiB - 64, 'm'));
}

TEST_F(Call, AMessageLargerThanTheWindowWaitsForItsReader) {
  Connect();
  auto client = Open();
  served().stream->SetReading(false);
  client->stream->Send(Payload(std::string(3 * limits::kMiB, 'm')));
  loop.TurnUntilIdle();
  EXPECT_LE(server->held_bytes(), kWindow);
  served().stream->SetReading(true);
  loop.TurnUntilIdle();
  EXPECT_EQ(served().bytes, client->stream->queued_bytes() + served().packets.at(0).size());
}

TEST_F(Call, SendsNothingAboveTheSendLimit) {
  Connect();
  auto client = Open();
  client->stream->Send(Payload(std::string(limits::kMessageSendBytesMax, 'm')));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*client->end, absl::StatusCode::kResourceExhausted, "trying to send message larger than max");
  EXPECT_STATUS(*served().end, absl::StatusCode::kCancelled, "");
}

TEST_F(Call, UnreadBytesOfClosedStreamsGoBack) {
  // Far more than a connection window of a stranger, in streams that nobody reads.
  Connect();
  server_side.trusting = false;
  const std::string payload(30'000, 'x');
  for (size_t i = 0; i < 20; ++i) {
    auto client = Open();
    served(i).stream->SetReading(false);
    client->stream->Send(Payload(payload));
    loop.TurnUntilIdle();
    EXPECT_GT(server->held_bytes(), 29'000u) << i;
    client->stream.reset();
    loop.TurnUntilIdle();
    EXPECT_EQ(server->held_bytes(), 0u);
    loop.Advance(absl::Milliseconds(3));  // the pace of a stranger
  }
}

TEST_F(Call, AStrangerHasOneWindowAndFewStreams) {
  Connect();
  server_side.trusting = false;
  std::vector<std::unique_ptr<Recorder>> clients;
  for (size_t i = 0; i < limits::kPreAuthStreamsPerConnectionMax; ++i) {
    clients.push_back(Open());
    served(i).stream->SetReading(false);
    clients.back()->stream->Send(Payload(std::string(60'000, 'x')));
  }
  loop.TurnUntilIdle();
  EXPECT_LE(server->held_bytes(), limits::kPreAuthWindowBytes);
  auto refused = Open();
  EXPECT_STATUS(*refused->end, absl::StatusCode::kUnavailable, "REFUSED_STREAM");

  server_side.last_connection->Authenticated("peer");
  EXPECT_EQ(server_bytes->trust_count, 1);
  loop.TurnUntilIdle();
  EXPECT_GT(server->held_bytes(), 400'000u);
  auto welcome = Open();
  EXPECT_FALSE(welcome->end.has_value());
}

TEST_F(Call, TheStreamStalledLongestEndsWhenAConnectionHoldsTooMuch) {
  Connect();
  std::vector<std::unique_ptr<Recorder>> clients;
  const std::string payload(8 * limits::kMiB, 'x');
  for (size_t i = 0; i < 10; ++i) {
    clients.push_back(Open());
    clock.Advance(absl::Seconds(1));
    clients[i]->stream->SetReading(false);
    served(i).stream->Send(Payload(payload));
    loop.TurnUntilIdle();
  }
  // 80 MiB were queued: the oldest two streams had to go.
  EXPECT_LE(server->held_bytes(), limits::kConnectionHeldBytesMax);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(served(i).end.has_value(), i < 2) << i;
  EXPECT_STATUS(*served(0).end, absl::StatusCode::kResourceExhausted, "stalled");
  EXPECT_TRUE(clients[0]->end.has_value());
}

TEST_F(Call, HoldsNothingAfterBulk) {
  Connect();
  auto client = Open();
  Recorder& echo = served();
  echo.on_packet = [&echo] {
    echo.stream->Send(std::move(echo.packets.back()));
    echo.packets.clear();
  };
  client->on_packet = [&client] { client->packets.clear(); };
  for (int i = 0; i < 60; ++i) client->stream->Send(Payload(std::string(limits::kMiB, 'b')));
  loop.TurnUntilIdle();
  EXPECT_GT(client->bytes, 60 * limits::kMiB);
  EXPECT_EQ(server->held_bytes() + channel->held_bytes(), 0u);
}

TEST_F(Call, GoesOnThroughASocketOfFewBytes) {
  Connect(1000);
  auto client = Open();
  for (int i = 0; i < 20; ++i) client->stream->Send(Payload(std::string(9'999, static_cast<char>('a' + i))));
  loop.TurnUntilIdle();
  ASSERT_EQ(served().packets.size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served().payload(i), std::string(9'999, static_cast<char>('a' + i)));
}

}  // namespace
}  // namespace hoop::testing

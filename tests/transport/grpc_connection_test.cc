// What happens to whole connections: drain, keepalive, loss, unary calls, deadlines.
#include "base/limits/listener.h"
#include "tests/transport/wire_fixture.h"

namespace hoop::testing {
namespace {

using Connection = WireTest;

TEST_F(Connection, AnswersUnaryCalls) {
  Connect();
  std::vector<absl::StatusOr<std::string>> answers(2);
  for (int i = 0; i < 2; ++i) {
    channel->CallUnary(i == 0 ? "HealthCheck" : "Other", {{"x", "y"}}, "ping",
                       [&answers, i](absl::StatusOr<std::string> answer) { answers[i] = std::move(answer); });
  }
  loop.TurnUntilIdle();
  ASSERT_OK(answers[0]);
  EXPECT_EQ(*answers[0], "re:ping");
  EXPECT_STATUS(answers[1], absl::StatusCode::kUnimplemented, "unknown method Other for service protobuf.Transport");
  EXPECT_EQ(server_side.unary_metadata.Get("user-agent"), "test/1");
}

TEST_F(Connection, AUnaryCallMayBeAnsweredLater) {
  Connect();
  server_side.hold_unary = true;
  std::map<int, absl::StatusOr<std::string>> answers;  // by call
  for (int i = 0; i < 3; ++i) {
    channel->CallUnary("PreConnect", {}, "who",
                       [&answers, i](absl::StatusOr<std::string> answer) { answers[i] = std::move(answer); });
  }
  loop.TurnUntilIdle();
  ASSERT_EQ(server_side.waiting.size(), 3u);
  EXPECT_TRUE(answers.empty());
  server_side.waiting[0]->Answer("later");
  server_side.waiting[1].reset();
  loop.TurnUntilIdle();
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_OK(answers[0]);
  EXPECT_EQ(*answers[0], "later");
  EXPECT_STATUS(answers[1], absl::StatusCode::kUnavailable, "given up");
  // Its caller leaves: the answer has nobody to go to.
  channel.reset();
  loop.TurnUntilIdle();
  EXPECT_EQ(server_side.waiting[2]->connection(), nullptr);
  server_side.waiting[2]->Answer("too late");
  loop.TurnUntilIdle();
  EXPECT_EQ(answers.size(), 2u);
}

TEST_F(Connection, AUnaryCallEndsAtItsDeadline) {
  Connect();
  std::optional<absl::StatusOr<std::string>> answer;
  channel->CallUnary(
      "Connect", {}, "", [&answer](absl::StatusOr<std::string> result) { answer = result; }, absl::Seconds(3));
  loop.TurnUntilIdle();
  loop.Advance(absl::Milliseconds(2999));
  EXPECT_FALSE(answer.has_value());
  loop.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_STATUS(*answer, absl::StatusCode::kDeadlineExceeded, "");
  // The other end had the same deadline from the request.
  EXPECT_TRUE(served().end.has_value());
}

TEST_F(Connection, ADestroyedChannelAnswersNoUnaryCall) {
  Connect();
  int answers = 0;
  channel->CallUnary("HealthCheck", {}, "", [&answers](absl::StatusOr<std::string>) { ++answers; });
  channel.reset();
  loop.TurnUntilIdle();
  EXPECT_EQ(answers, 0);
}

TEST_F(Connection, DrainsInTwoSteps) {
  Connect();
  auto client = Open();
  bool drained = false;
  server->Drain(absl::Seconds(30), [&drained] { drained = true; });
  // Opened before the peer could hear of the drain: still served.
  auto raced = std::make_unique<Recorder>(channel->OpenStream({}));
  loop.TurnUntilIdle();
  EXPECT_EQ(server_side.streams.size(), 2u);
  EXPECT_FALSE(channel->accepts_streams());
  auto late = std::make_unique<Recorder>(channel->OpenStream({}));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*late->end, absl::StatusCode::kUnavailable, "GOAWAY NO_ERROR");
  // What runs goes on to its end.
  client->stream->Send(Payload("still here"));
  loop.TurnUntilIdle();
  EXPECT_EQ(served(0).payload(0), "still here");
  served(0).stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  EXPECT_OK(*client->end);
  EXPECT_FALSE(drained);
  served(1).stream->Finish(absl::OkStatus());
  loop.TurnUntilIdle();
  EXPECT_OK(*raced->end);
  EXPECT_TRUE(drained);
  EXPECT_EQ(server->connection_count(), 0u);
  EXPECT_STATUS(*closed, absl::StatusCode::kUnavailable, "GOAWAY");
}

TEST_F(Connection, ADrainEndsAtItsTime) {
  Connect();
  auto client = Open();
  bool drained = false;
  server->Drain(absl::Seconds(30), [&drained] { drained = true; });
  loop.Advance(absl::Seconds(29));
  EXPECT_FALSE(client->end.has_value());
  loop.Advance(absl::Seconds(1));
  EXPECT_STATUS(*client->end, absl::StatusCode::kUnavailable, "GOAWAY");
  EXPECT_STATUS(*served().end, absl::StatusCode::kUnavailable, "server is shutting down");
  EXPECT_TRUE(drained);
}

TEST_F(Connection, ADrainWithoutConnectionsIsDone) {
  bool drained = false;
  server->Drain(absl::Seconds(30), [&drained] { drained = true; });
  loop.TurnUntilIdle();
  EXPECT_TRUE(drained);
  Connect();
  EXPECT_EQ(server->connection_count(), 0u);
}

TEST_F(Connection, IsClosedByTheServer) {
  Connect();
  auto client = Open();
  server_side.last_connection->Close(PermissionDenied("key was revoked"));
  loop.TurnUntilIdle();
  EXPECT_STATUS(*served().end, absl::StatusCode::kPermissionDenied, "key was revoked");
  EXPECT_STATUS(*client->end, absl::StatusCode::kUnavailable, "");
  EXPECT_TRUE(closed.has_value());
  EXPECT_EQ(client->end_count, 1);
}

TEST_F(Connection, IsLostWithTheServer) {
  Connect();
  auto client = Open();
  server.reset();
  loop.TurnUntilIdle();
  EXPECT_STATUS(*client->end, absl::StatusCode::kUnavailable, "");
  EXPECT_STATUS(*served().end, absl::StatusCode::kUnavailable, "server closed");
  EXPECT_FALSE(channel->accepts_streams());
  std::optional<absl::StatusOr<std::string>> answer;
  channel->CallUnary("HealthCheck", {}, "", [&answer](absl::StatusOr<std::string> result) { answer = result; });
  loop.TurnUntilIdle();
  EXPECT_STATUS(*answer, absl::StatusCode::kUnavailable, "");
}

TEST_F(Connection, KeepaliveBreaksASilentConnection) {
  auto pair = MemoryBytes::Make(loop);  // nobody reads or answers at pair.a
  channel = GrpcChannel::Create(loop, std::move(pair.b), {.authority = "a", .ping_interval = absl::Seconds(3)},
                                [this](const absl::Status& status) { closed = status; });
  auto client = std::make_unique<Recorder>(channel->OpenStream({}));
  loop.TurnUntilIdle();
  for (int i = 0; i < 2; ++i) loop.Advance(absl::Seconds(3));
  EXPECT_FALSE(closed.has_value());
  loop.Advance(absl::Seconds(3));
  EXPECT_STATUS(*closed, absl::StatusCode::kUnavailable, "2 pings unanswered");
  EXPECT_STATUS(*client->end, absl::StatusCode::kUnavailable, "2 pings unanswered");
}

TEST_F(Connection, KeepaliveLeavesALivingConnectionAlone) {
  Connect();
  channel->SetPingInterval(absl::Seconds(30));
  auto client = Open();
  for (int i = 0; i < 20; ++i) loop.Advance(absl::Seconds(30));
  EXPECT_FALSE(closed.has_value());
  channel->SetPingInterval(absl::ZeroDuration());
  const size_t before = channel_bytes->written_bytes;
  loop.Advance(absl::Hours(1));
  EXPECT_EQ(channel_bytes->written_bytes, before);
}

TEST_F(Connection, MustSpeakHttp2InTime) {
  auto pair = MemoryBytes::Make(loop);
  server->Accept(std::move(pair.a));
  loop.Advance(limits::kPreAuthTime - absl::Milliseconds(1));
  EXPECT_EQ(server->connection_count(), 1u);
  loop.Advance(absl::Milliseconds(1));
  EXPECT_EQ(server->connection_count(), 0u);
}

}  // namespace
}  // namespace hoop::testing

// Calls of our channel to our server: order, ends, windows, bounds.
#include "tests/transport/wire_fixture.h"

namespace hoop::testing {
namespace {

using Call = WireTest;

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

}  // namespace
}  // namespace hoop::testing

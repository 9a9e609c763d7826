// Frames that are many: the peer is cut at a bound, and others get their turn before.
#include <algorithm>
#include <functional>

#include "base/limits/http2.h"
#include "tests/transport/hostile_fixture.h"

namespace hoop::testing {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using Cuts = std::vector<std::pair<std::string, absl::StatusCode>>;

TEST_F(Hostile, FloodsEndTheConnection) {
  server_side.trusting = false;
  const std::vector<std::string> floods = {Frame(kPing, 0, 0, "12345678"), Frame(kSettings, 0, 0, ""),
                                           Frame(kWindowUpdate, 0, 0, std::string("\0\0\0\1", 4)),
                                           Frame(kData, 0, 1, ""), Frame(kReset, 0, 3, std::string("\0\0\0\x8", 4))};
  for (const std::string& frame : floods) {
    Greet();
    Say(Frame(kHeaders, kEndHeaders, 1, Request()));
    for (int i = 0; i < 3000 && Alive(); ++i) Say(frame);
    EXPECT_FALSE(Alive());
    raw.reset();
    loop.TurnUntilIdle();
  }
}

TEST_F(Hostile, OpeningAndCancellingWithoutEndEndsTheConnection) {
  server_side.trusting = false;
  Greet();
  uint32_t stream = 1;
  for (; stream < 2000 && Alive(); stream += 2) {
    Say(Frame(kHeaders, kEndHeaders, stream, Request()) + Frame(kReset, 0, stream, std::string("\0\0\0\x8", 4)));
    loop.Advance(absl::Milliseconds(2));  // at the pace at which it is heard
  }
  EXPECT_FALSE(Alive());
  EXPECT_LT(stream, 1000u);
}

TEST_F(Hostile, FramesOfUnknownTypesAreCounted) {
  Greet();
  for (int i = 0; i < 20; ++i) Say(Frame(0xfa, 0xff, 0, "whatever"));
  EXPECT_TRUE(Alive());
  for (int i = 0; i < 1000 && Alive(); ++i) Say(Frame(0xfa, 0xff, 0, "whatever"));
  EXPECT_FALSE(Alive());
}

TEST_F(Hostile, DataForNobodyIsCounted) {
  server_side.trusting = false;
  const std::vector<std::string> useless = {
      Frame(kData, 0, 1, "x"),                                                    // the stream has ended
      Frame(kData, kEndStream, 1, ""),                                            // the same, ending it again
      Frame(kData, kPadded, 3, std::string(1, '\x0f') + std::string(15, '\0'))};  // padding only
  for (const std::string& frame : useless) {
    Greet();
    Say(Frame(kHeaders, kEndHeaders, 1, Request("/nothing")) + Frame(kHeaders, kEndHeaders, 3, Request()));
    for (int i = 0; i < 100; ++i) Say(frame);
    EXPECT_TRUE(Alive());
    for (int i = 0; i < 1000 && Alive(); ++i) Say(frame);
    EXPECT_FALSE(Alive());
    raw.reset();
    loop.TurnUntilIdle();
    server_side.streams.clear();
  }
}

// Its window is closed, so it cannot be told that its stream has ended.
TEST_F(Hostile, DataForAStreamThatWeEndedIsCounted) {
  server_side.trusting = false;
  Greet();
  Say(Frame(kSettings, 0, 0, Setting(4, 0)) + Frame(kHeaders, kEndHeaders, 1, Request()));
  served().stream->Send(Payload("waits for ever"));
  const std::string message = Frame(kData, 0, 1, Message(Payload("x").bytes()));
  for (int i = 0; i < 1000; ++i) Say(message);
  EXPECT_EQ(served().packets.size(), 1000u);
  served().stream->Finish(absl::OkStatus());
  for (int i = 0; i < 100; ++i) Say(message);
  EXPECT_TRUE(Alive());
  for (int i = 0; i < 1000 && Alive(); ++i) Say(message);
  EXPECT_FALSE(Alive());
}

TEST_F(Hostile, AHeaderBombEndsTheConnection) {
  server_side.trusting = false;
  Greet();
  std::string block = Request() + Indexed("x", std::string(4000, 'a'));
  while (block.size() < kFrameBytesDefault) block += Reference(62);  // each byte stands for 4,000
  Say(HeaderFrames(1, block));
  EXPECT_FALSE(Alive());
}

TEST_F(Hostile, WhoTakesNoAnswersIsCutWhenTooManyWait) {
  Greet(/*capacity=*/64 * 1024);
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  deaf = true;
  uint32_t stream = 3;
  for (size_t second = 0; Alive() && stream < 100'000; ++second) {
    for (int i = 0; i < 1000 && Alive(); ++i, stream += 2) Say(Frame(kHeaders, kEndHeaders, stream, Request("/no")));
    clock.Advance(absl::Seconds(1));  // the rate alone is honest
  }
  EXPECT_FALSE(Alive());
  EXPECT_GT(stream / 2, limits::kHttp2QueuedFramesMax);
  EXPECT_LT(stream / 2, limits::kHttp2QueuedFramesMax + 5000);
}

TEST_F(Hostile, BytesThatCostMuchAreReadInSmallPortions) {
  Greet();
  std::string large, tiny;
  for (uint32_t stream = 1; stream < 10; stream += 2) {
    Say(Frame(kHeaders, kEndHeaders, stream, Request()));
    const std::string frame = Frame(kData, 0, stream, Message(Payload(std::string(16'000, 'x')).bytes()));
    large += frame + frame + frame;
  }
  for (int i = 0; i < 5'000; ++i) tiny += Frame(kData, 0, 1, std::string(1, '\0'));
  for (int i = 0; i < 10; ++i) Say(large);
  EXPECT_EQ(server_bytes->read_room, limits::kHttp2ReadBytes);
  for (int i = 0; i < 10; ++i) Say(tiny);
  EXPECT_LE(server_bytes->read_room, 2 * 10 * limits::kHttp2TurnCost / limits::kHttp2DataCost);  // ten bytes each
  for (int i = 0; i < 10; ++i) Say(large);
  EXPECT_EQ(server_bytes->read_room, limits::kHttp2ReadBytes);
  std::string messages;
  while (messages.size() < 16'000) messages += Message(Payload("").bytes());  // many in one frame
  for (int i = 0; i < 50; ++i) Say(Frame(kData, 0, 3, messages));
  EXPECT_LE(server_bytes->read_room, limits::kHttp2SliceBytes);
  EXPECT_TRUE(Alive());
  EXPECT_EQ(server->held_bytes(), 0u);
}

// What is done in each of the next turns, by a counter that grows.
std::vector<size_t> InTurns(ManualLoop& loop, const std::function<size_t()>& count) {
  std::vector<size_t> grown;
  do {
    const size_t before = count();
    loop.Turn();
    grown.push_back(count() - before);
  } while (loop.HasWork());
  return grown;
}

TEST_F(Hostile, ManyMessagesInAFrameAreDeliveredInManyTurns) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  const std::string message = Message(Payload("").bytes());
  std::string messages;
  while (messages.size() + message.size() <= kFrameBytesDefault) messages += message;
  const std::string frame = Frame(kData, 0, 1, messages);
  const iovec piece = {const_cast<char*>(frame.data()), frame.size()};
  raw->Write(&piece, 1);
  const std::vector<size_t> delivered = InTurns(loop, [this] { return served().packets.size(); });
  EXPECT_LE(*std::max_element(delivered.begin(), delivered.end()),
            limits::kHttp2TurnCost / limits::kHttp2MessageCost + limits::kHttp2SliceBytes / message.size() + 1);
  EXPECT_EQ(served().packets.size(), messages.size() / message.size());
}

// Known peers that open many streams at once.
class Opening : public Hostile {
 protected:
  static constexpr uint32_t kStreams = 60;

  // Timers lead to timers.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Milliseconds(1)) loop.Advance(absl::Milliseconds(1));
  }

  void OpenMany() {
    Greet();
    Say(Frame(kHeaders, kEndHeaders, 1, Request()));
    std::string opens;
    for (uint32_t i = 1; i < kStreams; ++i) opens += Frame(kHeaders, kEndHeaders, 2 * i + 1, Request());
    const iovec piece = {opens.data(), opens.size()};
    raw->Write(&piece, 1);
  }
};

TEST_F(Opening, IsDoneInManyTurns) {
  OpenMany();
  const std::vector<size_t> opened = InTurns(loop, [this] { return server_side.streams.size(); });
  // Twice: memory can be read in the turn that handles the last of what was read before.
  EXPECT_LE(*std::max_element(opened.begin(), opened.end()), 2 * limits::kHttp2TurnCost / limits::kHttp2OpenCost);
  EXPECT_EQ(server_side.streams.size(), kStreams);
  EXPECT_TRUE(Alive());
}

TEST_F(Opening, IsDoneAtAPace) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  std::string opens;
  for (uint32_t i = 1; i < 200; ++i) opens += Frame(kHeaders, kEndHeaders, 2 * i + 1, Request());
  Say(opens);
  const auto opened = [this] { return server_side.streams.size(); };
  EXPECT_GE(opened(), 64u);
  EXPECT_LT(opened(), 75u);
  loop.Advance(absl::Milliseconds(20));
  EXPECT_GT(opened(), 90u);
  EXPECT_LT(opened(), 130u);
  Pass(absl::Milliseconds(100));
  EXPECT_EQ(opened(), 200u);
  EXPECT_TRUE(Alive());
}

// Who is known meanwhile waits no longer for it.
TEST_F(Opening, IsSlowerForAStranger) {
  server_side.trusting = false;
  Greet();
  std::string opens;
  for (uint32_t i = 0; i < 40; ++i) opens += Frame(kHeaders, kEndHeaders, 2 * i + 1, Request());
  Say(opens);
  const auto refused = [this] { return Heard(kReset).size(); };
  const size_t at_once = refused();
  EXPECT_LT(at_once, 20u);
  loop.Advance(absl::Milliseconds(10));
  EXPECT_GT(refused(), at_once);
  EXPECT_LT(refused(), 40 - limits::kPreAuthStreamsPerConnectionMax);
  const size_t before = refused();
  server_side.last_connection->Authenticated("peer");
  loop.TurnUntilIdle();
  EXPECT_EQ(refused(), before);
  EXPECT_EQ(server_side.streams.size() + before, 40u);
}

TEST_F(Opening, StreamsOfALostConnectionEndOneAfterTheOther) {
  OpenMany();
  loop.TurnUntilIdle();
  const auto ended = [this] {
    return static_cast<size_t>(std::count_if(server_side.streams.begin(), server_side.streams.end(),
                                             [](const auto& stream) { return stream->end_count == 1; }));
  };
  raw.reset();
  loop.TurnUntilIdle();
  EXPECT_EQ(ended(), limits::kCallEndsAtOnceMax);
  loop.Advance(limits::kCallEndsTime);
  EXPECT_EQ(ended(), 2 * limits::kCallEndsAtOnceMax);
  Pass(kStreams * limits::kCallEndsTime);
  EXPECT_EQ(ended(), kStreams);
  EXPECT_FALSE(Alive());
}

// The server ends while the streams of a lost connection do.
TEST_F(Opening, AllHaveEndedWhenTheServerHas) {
  OpenMany();
  loop.TurnUntilIdle();
  raw.reset();
  loop.Turn();
  loop.Turn();
  loop.Post([this] { server.reset(); });  // behind the ends of this turn
  loop.TurnUntilIdle();
  for (const auto& stream : server_side.streams) EXPECT_EQ(stream->end_count, 1);
}

TEST_F(Opening, WhoEndsMeanwhileIsHeardToTheEnd) {
  OpenMany();
  raw->ShutdownWrite();
  loop.TurnUntilIdle();
  EXPECT_EQ(server_side.streams.size(), kStreams);
  Pass(kStreams * limits::kCallEndsTime);
  EXPECT_FALSE(Alive());
}

TEST_F(Opening, WhoIsCutMeanwhileIsHeardNoMore) {
  OpenMany();
  loop.Turn();
  loop.Turn();
  const size_t opened = server_side.streams.size();
  ASSERT_GT(opened, 1u);
  server_side.last_connection->Close(Unavailable("enough"));
  loop.TurnUntilIdle();
  EXPECT_EQ(server_side.streams.size(), opened);
  EXPECT_FALSE(Alive());
}

// It would come again while its many streams end.
TEST_F(Opening, WhoFloodsIsNamedBeforeItsStreamsEnd) {
  OpenMany();
  loop.TurnUntilIdle();
  ASSERT_EQ(server_side.streams.size(), kStreams);
  server_side.last_connection->Close(ResourceExhausted("too many"));
  const Cuts cuts = {{"peer", absl::StatusCode::kResourceExhausted}};
  EXPECT_EQ(server_side.cuts, cuts);
  Pass(kStreams * limits::kCallEndsTime);
  EXPECT_FALSE(Alive());
  EXPECT_EQ(server_side.cuts, cuts);
}

// Who it is may be found out when it is cut already.
TEST_F(Hostile, WhoFloodsIsNamedWhenItBecomesKnown) {
  server_side.trusting = false;
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  server_side.last_connection->Close(ResourceExhausted("too many"));
  EXPECT_TRUE(server_side.cuts.empty());
  server_side.last_connection->Authenticated("peer");
  EXPECT_EQ(server_side.cuts, (Cuts{{"peer", absl::StatusCode::kResourceExhausted}}));
}

TEST_F(Hostile, WhoFloodsIsNamedWhenItIsKnown) {
  for (const bool known : {true, false}) {
    server_side.trusting = known;
    Greet();
    Say(Frame(kHeaders, kEndHeaders, 1, Request()));
    for (int i = 0; i < 3000 && Alive(); ++i) Say(Frame(kSettings, 0, 0, ""));
    EXPECT_FALSE(Alive());
  }
  EXPECT_EQ(server_side.cuts, (Cuts{{"peer", absl::StatusCode::kResourceExhausted}}));
}

// What libnghttp2 gives up on, and what it answers with GOAWAY.
TEST_F(Hostile, WhoBreaksTheProtocolIsNamedWhenItIsKnown) {
  const std::string much = std::string("\x7f\xff\xff\xff", 4);
  for (const bool known : {true, false}) {
    for (const std::string& wrong : {Frame(kHeaders, kEndHeaders, 0, Request()), Frame(kWindowUpdate, 0, 0, much)}) {
      server_side.trusting = known;
      Greet();
      Say(Frame(kHeaders, kEndHeaders, 1, Request()) + wrong);
      EXPECT_FALSE(Alive());
    }
  }
  EXPECT_EQ(server_side.cuts, (Cuts{{"peer", absl::StatusCode::kInternal}, {"peer", absl::StatusCode::kInternal}}));
}

TEST_F(Hostile, WhoJustLeavesWasNotCut) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  raw.reset();
  loop.TurnUntilIdle();
  EXPECT_TRUE(server_side.cuts.empty());
}

}  // namespace
}  // namespace hoop::testing

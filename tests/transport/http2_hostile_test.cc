// Bytes that no honest peer sends: every case costs its own stream or connection, never the server.
#include <malloc.h>

#include <random>

#include "base/encoding.h"
#include "base/limits/http2.h"
#include "base/limits/listener.h"
#include "base/limits/wire.h"
#include "tests/transport/hostile_fixture.h"

namespace hoop::testing {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

TEST_F(Hostile, GarbageEndsTheConnectionOnly) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    ConnectRaw();
    std::string bytes(random() % 2000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (i % 2 == 1) bytes = std::string(kMagic) + Frame(kSettings, 0, 0, "") + bytes;
    Say(bytes);
    raw.reset();
    loop.TurnUntilIdle();
    EXPECT_EQ(server->connection_count(), 0u);
  }
  EXPECT_EQ(server->held_bytes(), 0u);
}

TEST_F(Hostile, TruncatedAndMutatedCallsEndTheConnectionOnly) {
  const std::string good = std::string(kMagic) + Frame(kSettings, 0, 0, "") +
                           Frame(kHeaders, kEndHeaders, 1, Request()) +
                           Frame(kData, 0, 1, Message(Payload("hello").bytes())) + Frame(kPing, 0, 0, "12345678") +
                           Frame(kData, kEndStream, 1, "");
  std::mt19937 random(2);
  for (size_t i = 0; i < good.size(); ++i) {
    ConnectRaw();
    Say(good.substr(0, i));
    raw.reset();
    loop.TurnUntilIdle();
    ConnectRaw();
    std::string mutated = good;
    mutated[i] = static_cast<char>(random());
    Say(mutated);
    raw.reset();
    loop.TurnUntilIdle();
    EXPECT_EQ(server->connection_count(), 0u);
    server_side.streams.clear();
  }
  loop.TurnUntilIdle();
  EXPECT_EQ(server->held_bytes(), 0u);
}

TEST_F(Hostile, AFrameLargerThanAnnouncedEndsTheConnection) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()) +
      Frame(kData, 0, 1, std::string(limits::kHttp2FrameBytesMax + 1, 'x')));
  EXPECT_FALSE(Alive());
  EXPECT_EQ(Heard(kGoAway).size(), 1u);
  EXPECT_STATUS(*served().end, absl::StatusCode::kInternal, "it broke the protocol: FRAME_SIZE_ERROR");
}

TEST_F(Hostile, MoreThanTheWindowEndsTheStream) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  served().stream->SetReading(false);
  for (int i = 0; i < 5; ++i) Say(Frame(kData, 0, 1, std::string(16'000, '\0')));
  EXPECT_TRUE(served().end.has_value());
  EXPECT_EQ(server->held_bytes(), 0u);
}

TEST_F(Hostile, AnnouncingMuchCostsNothing) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  Say(Frame(kData, 0, 1, std::string("\0\1\x10\0\0x", 6)));  // 17 MiB to come
  EXPECT_LT(server->held_bytes(), 10u);
  EXPECT_FALSE(served().end.has_value());
  Say(Frame(kHeaders, kEndHeaders, 3, Request()) + Frame(kData, 0, 3, std::string("\0\1\x10\0\1x", 6)));
  EXPECT_STATUS(*served(1).end, absl::StatusCode::kResourceExhausted,
                "grpc: received message larger than max (17825793 vs. 17825792)");
  EXPECT_TRUE(Alive());
}

TEST_F(Hostile, ABrokenMessageEndsItsStreamOnly) {
  Greet();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Message("\xff\xff"), "grpc: failed to unmarshal the received message: not a serialized Packet message"},
      {Message("\x12\x02\xff\xfe"), "string field contains invalid UTF-8"},
      {Message("x", 1), "grpc: compressed flag set with identity or empty encoding"},
      {Message("x", 7), "grpc: received unexpected payload format 7"}};
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto stream = static_cast<uint32_t>(2 * i + 1);
    Say(Frame(kHeaders, kEndHeaders, stream, Request()) + Frame(kData, 0, stream, cases[i].first));
    EXPECT_STATUS(*served(i).end, absl::StatusCode::kInternal, cases[i].second);
    EXPECT_TRUE(served(i).packets.empty());
  }
  Say(Frame(kHeaders, kEndHeaders, 9, Request()) + Frame(kData, kEndStream, 9, std::string("\0\0\0\0\5x", 6)));
  EXPECT_STATUS(*served(4).end, absl::StatusCode::kInternal, "unexpected EOF");
  Say(Frame(kHeaders, kEndHeaders, 11, Request()) + Frame(kData, 0, 11, Message(Payload("fine").bytes())));
  EXPECT_EQ(served(5).payload(0), "fine");
}

// As gRPC C++ does when a call is cancelled at once.
TEST_F(Hostile, AStreamMayBeResetBeforeItIsOpened) {
  Greet();
  const std::string code("\0\0\0\x8", 4);
  Say(Frame(kHeaders, kEndHeaders, 1, Request()) + Frame(kReset, 0, 3, code));
  Say(Frame(kHeaders, kEndHeaders, 5, Request()) + Frame(kData, 0, 5, Message(Payload("fine").bytes())));
  EXPECT_EQ(served(1).payload(0), "fine");
  EXPECT_FALSE(served(0).end.has_value());
  const std::string late = Frame(kReset, 0, 5, code);
  Say(late.substr(0, 4));
  Say(late.substr(4));
  EXPECT_TRUE(served(1).end.has_value());
  EXPECT_TRUE(Alive());
}

TEST_F(Hostile, WhatIsNotGrpcIsRefused) {
  Greet();
  const auto answer = [this](uint32_t stream, const std::string& head) {
    heard.clear();
    Say(Frame(kHeaders, kEndHeaders, stream, head));
    const std::vector<std::string> heads = Heard(kHeaders);
    return heads.empty() ? std::string() : HexEncode(heads.front());
  };
  // Without the table: ":status" is index 8, a literal of three characters, Huffman coded or not.
  EXPECT_NE(answer(1, Request("/protobuf.Transport/Connect", "GET")), "");
  EXPECT_NE(answer(3, Request("/protobuf.Transport/Connect", "POST", "application/json")), "");
  EXPECT_NE(answer(5, Request("/protobuf.Transport/Connect", "POST", "application/grpcx")), "");
  EXPECT_NE(answer(7, Request("/nonsense")), "");
  EXPECT_NE(answer(9, Request() + Literal("grpc-encoding", "gzip")), "");
  EXPECT_NE(answer(11, Request() + Literal("grpc-timeout", "soon")), "");
  EXPECT_TRUE(server_side.streams.empty());
  EXPECT_TRUE(Alive());
  // An early answer tells the peer to stop sending: RST_STREAM with NO_ERROR.
  for (const std::string& reset : Heard(kReset)) EXPECT_EQ(HexEncode(reset), "00000000");
  EXPECT_EQ(Heard(kReset).size(), 1u);
}

TEST_F(Hostile, AHeaderBlockHasABound) {
  Greet();
  const std::string head = Request() + Literal("authorization", std::string(40 * 1024, 'a'));
  const std::string more = Literal("x", std::string(30 * 1024, 'b'));
  Say(HeaderFrames(1, head));
  EXPECT_EQ(server_side.streams.size(), 1u);
  heard.clear();
  Say(HeaderFrames(3, head + more));
  EXPECT_EQ(server_side.streams.size(), 1u);
  EXPECT_EQ(Heard(kHeaders).size(), 1u);  // the refusal
  EXPECT_TRUE(Alive());
}

TEST_F(Hostile, WhoHasNotSaidThePrefaceGetsNoSession) {
  ConnectRaw();
  Say(kMagic.substr(0, 10));
  Say(kMagic.substr(10, kMagic.size() - 11));
  EXPECT_EQ(heard, "");  // a session begins with its settings
  Say(kMagic.substr(kMagic.size() - 1));
  EXPECT_EQ(Heard(kSettings).size(), 1u);
  EXPECT_TRUE(Alive());
}

TEST_F(Hostile, AnythingElseThanThePrefaceEndsTheConnection) {
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n", "\x16\x03\x01"}) {
    ConnectRaw();
    Say(bytes);
    EXPECT_FALSE(Alive());
    EXPECT_EQ(heard, "");
  }
}

TEST_F(Hostile, HalfAPrefaceEndsAtTheDeadline) {
  ConnectRaw();
  Say(kMagic.substr(0, 10));
  loop.Advance(limits::kPreAuthTime - absl::Milliseconds(1));
  EXPECT_TRUE(Alive());
  loop.Advance(absl::Milliseconds(1));
  EXPECT_FALSE(Alive());
}

TEST_F(Hostile, ADrainForgetsWhoHasNotSaidThePreface) {
  ConnectRaw();
  bool drained = false;
  server->Drain(absl::Seconds(30), [&drained] { drained = true; });
  loop.TurnUntilIdle();
  EXPECT_TRUE(drained && ended);
}

TEST_F(Hostile, TinyMessagesThatWaitCostTheirBytesOnly) {
  Greet();
  Say(Frame(kHeaders, kEndHeaders, 1, Request()));
  served().stream->SetReading(false);
  const std::string message = Message(Payload("x").bytes());
  std::string many;
  while (many.size() + message.size() <= limits::kStreamWindowBytes) many += message;
  const size_t before = ::mallinfo2().uordblks;
  for (std::string_view rest = many; !rest.empty(); rest.remove_prefix(std::min<size_t>(rest.size(), 16000))) {
    Say(Frame(kData, 0, 1, rest.substr(0, 16000)));
  }
  EXPECT_EQ(server->held_bytes(), many.size());
  EXPECT_LT(::mallinfo2().uordblks - before, 3 * limits::kStreamWindowBytes);  // a string grows by doubling
  served().stream->SetReading(true);
  loop.TurnUntilIdle();
  EXPECT_EQ(served().packets.size(), many.size() / message.size());
  EXPECT_EQ(server->held_bytes(), 0u);
}

TEST_F(Hostile, WhatWaitedIsJudgedWhenItIsRead) {
  Greet();
  const std::string good = Message(Payload("good").bytes());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {Message("x", 1), "grpc: compressed flag set with identity or empty encoding"},
      {std::string("\0\1\x10\0\1x", 6), "grpc: received message larger than max"},
      {good.substr(0, 7), "unexpected EOF"}};
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto stream = static_cast<uint32_t>(2 * i + 1);
    Say(Frame(kHeaders, kEndHeaders, stream, Request()));
    served(i).stream->SetReading(false);
    Say(Frame(kData, kEndStream, stream, good + cases[i].first));
    EXPECT_FALSE(served(i).end.has_value());
    served(i).stream->SetReading(true);
    loop.TurnUntilIdle();
    EXPECT_EQ(served(i).payload(0), "good");
    ASSERT_TRUE(served(i).end.has_value());
    EXPECT_NE(StatusText(*served(i).end).find(cases[i].second), std::string::npos) << *served(i).end;
  }
  EXPECT_EQ(server->held_bytes(), 0u);
}

}  // namespace
}  // namespace hoop::testing

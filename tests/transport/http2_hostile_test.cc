// Bytes that no honest peer sends: every case costs its own stream or connection, never the server.
#include <random>

#include "base/encoding.h"
#include "tests/transport/wire_fixture.h"
#include "transport/call_head.h"
#include "transport/frame_budget.h"
#include "transport/grpc_text.h"
#include "base/limits/http2.h"

namespace hoop::testing {
namespace {

constexpr uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPing = 6, kGoAway = 7, kWindowUpdate = 8,
                  kContinuation = 9;
constexpr uint8_t kEndStream = 1, kEndHeaders = 4;
constexpr std::string_view kMagic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const auto byte = [](size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  std::string frame = {byte(payload.size(), 16), byte(payload.size(), 8),  byte(payload.size(), 0),
                       static_cast<char>(type),  static_cast<char>(flags), byte(stream, 24),
                       byte(stream, 16),         byte(stream, 8),          byte(stream, 0)};
  return frame.append(payload);
}

// One header as HPACK without table and without Huffman.
std::string Literal(std::string_view name, std::string_view value) {
  const auto text = [](std::string_view bytes) {
    std::string out;
    if (bytes.size() < 127) {
      out += static_cast<char>(bytes.size());
    } else {
      out += '\x7f';
      size_t rest = bytes.size() - 127;
      for (; rest >= 128; rest >>= 7) out += static_cast<char>(rest | 0x80);
      out += static_cast<char>(rest);
    }
    return out.append(bytes);
  };
  return std::string(1, '\0') + text(name) + text(value);
}

std::string Request(std::string_view path = "/protobuf.Transport/Connect", std::string_view method = "POST",
                    std::string_view content_type = "application/grpc") {
  return Literal(":method", method) + Literal(":scheme", "http") + Literal(":path", path) +
         Literal(":authority", "gw") + Literal("te", "trailers") + Literal("content-type", content_type);
}

// A header block of any size, in frames of the size that everybody must take.
std::string HeaderFrames(uint32_t stream, std::string_view block) {
  constexpr size_t kPart = 16384;
  std::string frames;
  for (bool first = true; first || !block.empty(); first = false) {
    const std::string_view part = block.substr(0, kPart);
    block.remove_prefix(part.size());
    frames += Frame(first ? kHeaders : kContinuation, block.empty() ? kEndHeaders : 0, stream, part);
  }
  return frames;
}

std::string Message(std::string_view bytes, char flag = 0) {
  const GrpcPrefix prefix = MakeGrpcPrefix(bytes.size());
  std::string message(prefix.data(), prefix.size());
  message[0] = flag;
  return message.append(bytes);
}

// A peer that says whatever a test wants.
class Hostile : public WireTest, private ByteStream::Events {
 protected:
  ~Hostile() override { raw.reset(); }
  void ConnectRaw() {
    auto pair = MemoryBytes::Make(loop, 8 << 20);
    server->Accept(std::move(pair.a));
    raw = std::move(pair.b);
    raw->SetEvents(this);
    raw->WantRead();
    heard.clear();
    ended = false;
  }
  void Say(std::string_view bytes) {
    const iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
    raw->Write(&piece, 1);
    loop.TurnUntilIdle();
  }
  void Greet() {
    ConnectRaw();
    Say(std::string(kMagic) + Frame(kSettings, 0, 0, ""));
  }
  // Payloads of the frames of `type` that came.
  std::vector<std::string> Heard(uint8_t type) const {
    std::vector<std::string> found;
    for (size_t i = 0; i + 9 <= heard.size();) {
      const auto byte = [this, i](size_t k) { return static_cast<size_t>(static_cast<unsigned char>(heard[i + k])); };
      const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      if (byte(3) == type) found.push_back(heard.substr(i + 9, size));
      i += 9 + size;
    }
    return found;
  }
  bool Alive() { return server->connection_count() > 0; }

  void OnReadable() override {
    char buffer[65536];
    const IoResult result = raw->Read(buffer, sizeof buffer);
    if (result.kind == IoResult::Kind::kBytes) {
      heard.append(buffer, result.bytes);
      raw->WantRead();
    } else if (result.kind == IoResult::Kind::kEnd) {
      ended = true;
    }
  }
  void OnWritable() override {}

  std::unique_ptr<MemoryBytes> raw;
  std::string heard;
  bool ended = false;
};

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
  EXPECT_STATUS(*served().end, absl::StatusCode::kUnavailable, "");
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

TEST_F(Hostile, FloodsEndTheConnection) {
  server_side.trusting = false;
  const std::vector<std::string> floods = {Frame(kPing, 0, 0, "12345678"), Frame(kSettings, 0, 0, ""),
                                           Frame(kWindowUpdate, 0, 0, std::string("\0\0\0\1", 4)),
                                           Frame(kData, 0, 1, "")};
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
  }
  EXPECT_FALSE(Alive());
  EXPECT_LT(stream, 1000u);
}

// --- The budget itself ---

TEST(FrameBudget, EarnsByDataThatWeSent) {
  FrameBudget budget;
  budget.Trust();
  for (int i = 0; i < 100'000; ++i) {
    budget.Earn();
    ASSERT_EQ(budget.OnFrame(kWindowUpdate, 0, 4, absl::ZeroDuration()), nullptr);
    ASSERT_EQ(budget.OnFrame(kPing, 0, 8, absl::ZeroDuration()), nullptr);
  }
}

TEST(FrameBudget, IsStrictWithStrangersAndFreshEachSecond) {
  const auto allowed = [](FrameBudget& budget, absl::Duration now) {
    int count = 0;
    while (count < 100'000 && budget.OnFrame(kPing, 0, 8, now) == nullptr) ++count;
    return count;
  };
  FrameBudget stranger, known;
  known.Trust();
  const int strict = allowed(stranger, absl::Seconds(1));
  EXPECT_GT(strict, 0);
  EXPECT_GT(allowed(known, absl::Seconds(1)), strict);
  EXPECT_LT(allowed(known, absl::Seconds(1)), 1);
  EXPECT_EQ(allowed(stranger, absl::Seconds(2)), strict);
}

TEST(FrameBudget, CancellingEverythingAtOnceIsHonest) {
  FrameBudget budget;
  budget.Trust();
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(budget.OnFrame(kReset, 0, 4, absl::ZeroDuration()), nullptr);
}

}  // namespace
}  // namespace hoop::testing

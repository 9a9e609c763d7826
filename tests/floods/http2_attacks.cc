// Attacks on HTTP/2 itself: frames that are many, malformed, late or lies.
#include <random>

#include "tests/floods/attack.h"
#include "tests/floods/http2_peer.h"

namespace hoop::floods {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

constexpr uint16_t kHeaderTableSize = 1, kEnablePush = 2, kConcurrentStreams = 3, kInitialWindow = 4, kMaxFrameSize = 5;

std::string WindowUpdate(uint32_t stream, uint32_t increment) {
  return Frame(kWindowUpdate, 0, stream, Number(increment, 4));
}
std::string Reset(uint32_t stream) { return Frame(kReset, 0, stream, Number(8, 4)); }

// --- Many frames ---

Outcome PingFlood(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(kPing, 0, 0, "12345678"));
}

Outcome PingUnread(const Target& target, Who who) {
  Http2Peer peer(target, who);
  peer.socket().TurnDeaf();
  return peer.Flood(Frame(kPing, 0, 0, "12345678"));
}

Outcome PongFlood(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(kPing, kAck, 0, "12345678"));
}

Outcome SettingsFlood(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(kSettings, 0, 0, ""));
}

Outcome SettingsAckFlood(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(kSettings, kAck, 0, ""));
}

// Every change of the window touches every stream.
Outcome WindowFlips(const Target& target, Who who) {
  Http2Peer peer(target, who);
  for (int i = 0; i < 8; ++i) peer.Say(peer.Open(peer.next_stream()));
  uint32_t size = 0;
  return peer.Flood([&size] { return Frame(kSettings, 0, 0, Setting(kInitialWindow, size = size == 0 ? 65535 : 0)); });
}

Outcome EmptyData(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(HeaderFrames(stream, Request("/protobuf.Transport/HealthCheck")));
  return peer.Flood(Frame(kData, 0, stream, ""));
}

// 256 bytes of padding and nothing else: no window holds it back, it is given back at once.
Outcome PaddingOnly(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(HeaderFrames(stream, Request("/protobuf.Transport/HealthCheck")));
  return peer.Flood(Frame(kData, kPadded, stream, std::string(1, '\xff') + std::string(255, '\0')));
}

// A stream that ended; one byte each time.
Outcome DataOnClosed(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(HeaderFrames(stream, Request("/nothing")));
  peer.socket().Listen(Seconds(0.1));
  return peer.Flood(Frame(kData, 0, stream, "x"));
}

Outcome WindowUpdateFlood(const Target& target, Who who) { return Http2Peer(target, who).Flood(WindowUpdate(0, 1)); }

Outcome PriorityFlood(const Target& target, Who who) {
  Http2Peer peer(target, who);
  uint32_t stream = 1001;
  return peer.Flood([&stream] {
    stream += 2;
    return Frame(kPriority, 0, stream, Number(stream - 4, 4) + "\x10");
  });
}

Outcome UnknownFrames(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(0xfa, 0xff, 0, "whatever"));
}

Outcome GoAwayFlood(const Target& target, Who who) {
  return Http2Peer(target, who).Flood(Frame(kGoAway, 0, 0, Number(0, 8) + "bye"));
}

// --- Streams ---

Outcome RapidReset(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Flood([&peer] {
    const uint32_t stream = peer.next_stream();
    return peer.Open(stream) + Reset(stream);
  });
}

// The server is made to reset: a window that overflows, on each stream that it has just opened.
Outcome MadeToReset(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Flood([&peer] {
    const uint32_t stream = peer.next_stream();
    return peer.Open(stream) + WindowUpdate(stream, 0x7fffffff);
  });
}

// All that the setting allows, and more.
Outcome OpenWithoutEnd(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Flood([&peer] { return peer.Open(peer.next_stream()); });
}

// Every stream is refused, and nobody reads the refusals.
Outcome RefusalsUnread(const Target& target, Who who) {
  Http2Peer peer(target, who);
  peer.socket().TurnDeaf();
  return peer.Flood([&peer] { return HeaderFrames(peer.next_stream(), Request("/nothing")); });
}

// No byte of an answer is let out; as many answers as there may be streams.
Outcome WindowHeldBack(const Target& target, Who who) {
  Http2Peer peer(target, who, Setting(kInitialWindow, 0));
  return peer.Flood([&peer] {
    const uint32_t stream = peer.next_stream();
    return HeaderFrames(stream, Request("/protobuf.Transport/HealthCheck")) +
           Frame(kData, kEndStream, stream, Message(""));
  });
}

// Answers byte by byte.
Outcome WindowDrip(const Target& target, Who who) {
  Http2Peer peer(target, who, Setting(kInitialWindow, 0));
  uint32_t stream = 0;
  int turn = 0;
  return peer.Flood([&] {
    if (turn++ % 4 != 0) return WindowUpdate(stream, 1);
    stream = peer.next_stream();
    return HeaderFrames(stream, Request("/protobuf.Transport/HealthCheck")) +
           Frame(kData, kEndStream, stream, Message(""));
  });
}

Outcome PriorityChain(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Flood([&peer] {
    const uint32_t stream = peer.next_stream();
    const std::string priority = Number(0x80000000U | (stream - 2), 4) + "\xff";
    return Frame(kHeaders, kEndHeaders | kHasPriority, stream, priority + Request() + peer.Credentials());
  });
}

// Half a request and its reset, its data, its end, in any order.
Outcome ResetDuringEverything(const Target& target, Who who) {
  Http2Peer peer(target, who);
  std::mt19937 random(7);
  uint32_t stream = 3;
  return peer.Flood([&]() -> std::string {
    switch (random() % 6) {
      case 0:
        stream = peer.next_stream();
        return peer.Open(stream);
      case 1:
        return Frame(kData, 0, stream, Message("x").substr(random() % 6));
      case 2:
        return Frame(kData, kEndStream, stream, "");
      case 3:
        return WindowUpdate(stream, random() % 1000);
      case 4:
        return Frame(kPriority, 0, stream, Number(0, 4) + "\1");
      default:
        return Reset(stream);
    }
  });
}

Outcome StreamIds(const Target& target, Who who) {
  const auto open = [](uint32_t stream) { return HeaderFrames(stream, Request()); };
  return EachIsCut(target, who,
                   {{"an even id", open(200)},
                    {"stream 0", open(0)},
                    {"data on stream 0", Frame(kData, 0, 0, "x")},
                    {"data on an idle stream", Frame(kData, 0, 101, "x")},
                    {"an update of an idle stream", WindowUpdate(101, 1)},
                    {"settings on a stream", Frame(kSettings, 0, 1, "")},
                    {"ping on a stream", Frame(kPing, 0, 1, "12345678")},
                    {"goaway on a stream", Frame(kGoAway, 0, 1, Number(0, 8))},
                    {"a push promise", Frame(kPushPromise, kEndHeaders, 1, Number(2, 4) + Request())}});
}

// --- Lies ---

Outcome SettingsValues(const Target& target, Who who) {
  const auto settings = [](std::string_view payload) { return Frame(kSettings, 0, 0, payload); };
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += Setting(kConcurrentStreams, 1);
  return EachIsCut(target, who,
                   {{"push neither on nor off", settings(Setting(kEnablePush, 2))},
                    {"a window above the most", settings(Setting(kInitialWindow, 0x80000000U))},
                    {"a frame size below the least", settings(Setting(kMaxFrameSize, 1))},
                    {"half an entry", settings("abc")},
                    {"an answer with a text", Frame(kSettings, kAck, 0, Setting(kEnablePush, 0))},
                    {"a thousand entries", settings(thousand)}});
}

Outcome SettingsExtremes(const Target& target, Who who) {
  Http2Peer peer(target, who,
                 Setting(kHeaderTableSize, 0xffffffffU) + Setting(kConcurrentStreams, 0) +
                     Setting(kInitialWindow, 0x7fffffffU) + Setting(kMaxFrameSize, 0xffffffU) + Setting(6, 0) +
                     Setting(0xabcd, 1));
  return peer.Once("");
}

Outcome WindowLies(const Target& target, Who who) {
  const std::string overflow = WindowUpdate(0, 0x7fffffff) + WindowUpdate(0, 0x7fffffff);
  return EachIsCut(target, who,
                   {{"the connection's window overflows", overflow},
                    {"an increment of 0", WindowUpdate(0, 0)},
                    {"half an update", Frame(kWindowUpdate, 0, 0, "ab")}});
}

Outcome FrameSizes(const Target& target, Who who) {
  return EachIsCut(target, who,
                   {{"a frame larger than allowed", FrameHead(65537, kData, 0, 1) + std::string(70000, 'x')},
                    {"16 MiB announced", FrameHead(0xffffff, kHeaders, 0, 101)},
                    {"a ping of 7 bytes", Frame(kPing, 0, 0, "1234567")},
                    {"a reset of 5 bytes", Frame(kReset, 0, 1, "12345")},
                    {"padding larger than its frame", Frame(kHeaders, kEndHeaders | kPadded, 101,
                                                            "\xff"
                                                            "abc")},
                    {"a priority of 4 bytes", Frame(kPriority, 0, 101, "1234")}});
}

Outcome OddButHarmless(const Target& target, Who who) {
  return EachIsServed(
      target, who,
      {{"ids that go down",
        [](Http2Peer& peer) {
          const uint32_t lower = peer.next_stream(), higher = peer.next_stream();
          return HeaderFrames(higher, Request("/nothing")) + HeaderFrames(lower, Request("/nothing"));
        }},
       {"bit 31 of a stream id",
        [](Http2Peer& peer) {
          const uint32_t stream = peer.next_stream();
          return HeaderFrames(stream | 0x80000000U, Request("/nothing"));
        }},
       {"a reset of an idle stream", [](Http2Peer&) { return Reset(1001); }},
       {"bit 31 of an increment", [](Http2Peer&) { return Frame(kWindowUpdate, 0, 0, Number(0x80000001U, 4)); }},
       {"flags that nobody knows", [](Http2Peer&) { return Frame(kPing, 0xfe, 0, "12345678"); }}});
}

Outcome GoAwayThenMore(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Once(Frame(kGoAway, 0, 0, Number(0, 8)));
}

Outcome Prefaces(const Target& target, Who) {
  const std::string magic(kMagic), settings = Frame(kSettings, 0, 0, "");
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"another preface", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n" + settings},
      {"HTTP/1", "GET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a preface without settings", magic + Frame(kPing, 0, 0, "12345678")},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(500, 'r')},
      {"the preface twice", magic + settings + magic}};
  for (const auto& [name, bytes] : cases) {
    RawSocket socket(target.grpc_port);
    socket.Say(bytes);
    if (!socket.AwaitEnd(Seconds(1))) return Outcome::Failed(std::string(name) + ": goes on");
  }
  return Outcome::Cut("each of " + std::to_string(cases.size()));
}

}  // namespace

const std::vector<Attack>& Http2Attacks() {
  static const std::vector<Who> kAll = {Who::kStranger, Who::kAgent};
  static const std::vector<Attack> kAttacks = {
      {"ping-flood", Must::kBeCut, PingFlood, {Who::kStranger, Who::kAgent, Who::kUser}},
      {"ping-unread", Must::kBeCut, PingUnread, kAll},
      {"pong-flood", Must::kBeCut, PongFlood, kAll},
      {"settings-flood", Must::kBeCut, SettingsFlood, kAll},
      {"settings-ack-flood", Must::kBeCut, SettingsAckFlood, kAll},
      {"settings-values", Must::kBeCut, SettingsValues, kAll},
      {"settings-extremes", Must::kBeHeld, SettingsExtremes, kAll},
      {"window-flips", Must::kBeCut, WindowFlips, kAll},
      {"window-update-flood", Must::kBeCut, WindowUpdateFlood, kAll},
      {"window-held-back", Must::kBeEither, WindowHeldBack, kAll, Lasts::kMoment, 64},
      {"window-drip", Must::kBeEither, WindowDrip, kAll, Lasts::kMoment, 64},
      {"window-lies", Must::kBeCut, WindowLies, kAll},
      {"empty-data", Must::kBeCut, EmptyData, kAll},
      {"padding-only", Must::kBeCut, PaddingOnly, kAll},
      {"data-on-closed", Must::kBeCut, DataOnClosed, kAll},
      {"priority-flood", Must::kBeCut, PriorityFlood, kAll},
      {"priority-chain", Must::kBeEither, PriorityChain, kAll, Lasts::kMoment, 64},
      {"unknown-frames", Must::kBeCut, UnknownFrames, kAll},
      {"goaway-flood", Must::kBeCut, GoAwayFlood, kAll},
      {"goaway-then-more", Must::kBeEither, GoAwayThenMore, kAll},
      {"rapid-reset", Must::kBeCut, RapidReset, {Who::kStranger, Who::kAgent, Who::kUser}, Lasts::kUntilItIsMuch},
      {"made-to-reset", Must::kBeCut, MadeToReset, kAll},
      {"open-without-end",
       Must::kBeEither,
       OpenWithoutEnd,
       {Who::kStranger, Who::kAgent, Who::kUser},
       Lasts::kMoment,
       64},
      {"refusals-unread", Must::kBeCut, RefusalsUnread, kAll, Lasts::kUntilItIsMuch},
      {"reset-during-everything", Must::kBeCut, ResetDuringEverything, kAll, Lasts::kUntilItIsMuch},
      {"stream-ids", Must::kBeCut, StreamIds, kAll},
      {"frame-sizes", Must::kBeCut, FrameSizes, kAll},
      {"odd-but-harmless", Must::kBeHeld, OddButHarmless, kAll},
      {"prefaces", Must::kBeCut, Prefaces},
  };
  return kAttacks;
}

}  // namespace hoop::floods

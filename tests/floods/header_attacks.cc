// Attacks by header blocks: large, many, without end, or meaning more than they say.
#include "tests/floods/attack.h"
#include "tests/floods/http2_peer.h"

namespace hoop::floods {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

Outcome ContinuationFlood(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(Frame(kHeaders, 0, stream, Request()));
  return peer.Flood(Frame(kContinuation, 0, stream, Literal("x", std::string(100, 'a'))));
}

Outcome ContinuationEmpty(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(Frame(kHeaders, 0, stream, Request()));
  return peer.Flood(Frame(kContinuation, 0, stream, ""));
}

Outcome ContinuationGames(const Target& target, Who who) {
  return EachIsCut(target, who,
                   {{"without a head", Frame(kContinuation, kEndHeaders, 101, Request())},
                    {"ping in between", Frame(kHeaders, 0, 101, Request()) + Frame(kPing, 0, 0, "12345678")},
                    {"another stream's", Frame(kHeaders, 0, 101, Request()) + Frame(kContinuation, 4, 103, "")}});
}

// A table entry of 4 KB, then one byte for each use of it: a frame of 64 KiB stands for 256 MB.
Outcome HeaderBomb(const Target& target, Who who) {
  Http2Peer peer(target, who);
  return peer.Flood([&peer] {
    std::string block = Request() + Indexed("x", std::string(4000, 'a'));
    while (block.size() < 16 * 65536) block += Reference(62);
    std::string frames;
    const uint32_t stream = peer.next_stream();
    for (size_t at = 0; at < block.size(); at += 65536) {
      frames += Frame(at == 0 ? kHeaders : kContinuation, at + 65536 < block.size() ? 0 : kEndHeaders, stream,
                      std::string_view(block).substr(at, 65536));
    }
    return frames;
  });
}

Outcome HeaderHuge(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const std::string block = Request() + Literal("x", std::string(200 * 1024, 'a'));
  return peer.Flood([&] { return HeaderFrames(peer.next_stream(), block); });
}

// As large as allowed, on as many streams as allowed.
Outcome HeaderHoard(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const std::string block = Request() + peer.Credentials() + Literal("x", std::string(60 * 1024, 'a'));
  return peer.Flood([&] { return HeaderFrames(peer.next_stream(), block); });
}

Outcome HeaderMany(const Target& target, Who who) {
  Http2Peer peer(target, who);
  std::string block = Request();
  for (int i = 0; i < 30000; ++i) block += Literal("x", "");
  return peer.Flood([&] { return HeaderFrames(peer.next_stream(), block); });
}

Outcome HpackGarbage(const Target& target, Who who) {
  const auto block = [](std::string_view bytes) { return Frame(kHeaders, kEndHeaders, 101, bytes); };
  return EachIsCut(target, who,
                   {{"an index out of range", block(Reference(4000))},
                    {"index 0", block("\x80")},
                    {"a table larger than allowed", block(HpackNumber(1 << 20, 5, 0x20) + Request())},
                    {"a number without end", block("\xff\xff\xff\xff\xff\xff\xff\xff")},
                    {"a text that is not there", block(std::string("\0\x7f\xff\xff\x7f", 5))},
                    {"huffman that means nothing", block(std::string("\0\x84\xff\xff\xff\xff", 6))}});
}

// What HTTP forbids costs the stream; many of it the connection.
Outcome HeadersThatAreNone(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const std::vector<std::string> blocks = {Request() + Literal("Upper", "x"),
                                           Request() + Literal("connection", "close"),
                                           Request() + Literal(":path", "/twice"),
                                           Literal("x", "y") + Request(),
                                           Request() + Literal("transfer-encoding", "chunked"),
                                           Literal(":method", "POST"),
                                           Request() + Literal(":unknown", "x"),
                                           Request() + Literal("x", std::string("a\r\nb: c")),
                                           Request() + Literal("content-length", "-1"),
                                           Request() + Literal("te", "gzip")};
  size_t next = 0;
  return peer.Flood([&] { return HeaderFrames(peer.next_stream(), blocks[next++ % blocks.size()]); });
}

Outcome TrailerGames(const Target& target, Who who) {
  return EachIsServed(target, who,
                      {{"trailers that end nothing",
                        [](Http2Peer& peer) {
                          const uint32_t stream = peer.next_stream();
                          return peer.Open(stream) + HeaderFrames(stream, Literal("x", "y"));
                        }},
                       {"pseudo headers in trailers",
                        [](Http2Peer& peer) {
                          const uint32_t stream = peer.next_stream();
                          return peer.Open(stream) + HeaderFrames(stream, Request(), kEndStream);
                        }},
                       {"trailers as large as a head",
                        [](Http2Peer& peer) {
                          const uint32_t stream = peer.next_stream();
                          return peer.Open(stream) +
                                 HeaderFrames(stream, Literal("x", std::string(60 * 1024, 'a')), kEndStream);
                        }},
                       {"trailers after the end", [](Http2Peer& peer) {
                          const uint32_t stream = peer.next_stream();
                          return HeaderFrames(stream, Request("/nothing"), kEndStream);
                        }}});
}

}  // namespace

const std::vector<Attack>& HeaderAttacks() {
  static const std::vector<Who> kAll = {Who::kStranger, Who::kAgent};
  static const std::vector<Attack> kAttacks = {
      {"continuation-flood", Must::kBeCut, ContinuationFlood, kAll},
      {"continuation-empty", Must::kBeCut, ContinuationEmpty, kAll},
      {"continuation-games", Must::kBeCut, ContinuationGames, kAll},
      {"header-bomb", Must::kBeCut, HeaderBomb, kAll},
      {"header-huge", Must::kBeCut, HeaderHuge, kAll},
      {"header-hoard", Must::kBeEither, HeaderHoard, kAll, Lasts::kMoment, 64},
      {"header-many", Must::kBeEither, HeaderMany, kAll},
      {"hpack-garbage", Must::kBeCut, HpackGarbage, kAll},
      {"headers-that-are-none", Must::kBeCut, HeadersThatAreNone, kAll},
      {"trailer-games", Must::kBeHeld, TrailerGames, kAll},
  };
  return kAttacks;
}

}  // namespace hoop::floods

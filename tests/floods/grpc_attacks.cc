// Attacks on what lies in HTTP/2: gRPC calls, their messages, and half of anything.
#include <deque>

#include "tests/floods/attack.h"
#include "tests/floods/http2_peer.h"

namespace hoop::floods {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

constexpr std::string_view kHealthCheck = "/protobuf.Transport/HealthCheck";
constexpr Seconds kBeyondDeadline(12);  // the gateway gives strangers 10 s

Outcome UntilDeadline(RawSocket& socket) {
  const auto begin = Clock::now();
  if (!socket.AwaitEnd(kBeyondDeadline)) return Outcome::Failed("not cut at the deadline");
  return Outcome::Cut("after " + std::to_string(Seconds(Clock::now() - begin).count()).substr(0, 4) + " s");
}

// What a user says on the local connection 1 of his session.
std::string WriteBytes(std::string_view payload) {
  constexpr std::string_view kType = "AgentTCPConnectionWrite", kKey = "client.connection_id";
  const std::string entry = '\x0a' + HpackNumber(kKey.size(), 7) + std::string(kKey) + "\x12\x01" + '1';
  return '\x12' + HpackNumber(kType.size(), 7) + std::string(kType) + '\x1a' + HpackNumber(entry.size(), 7) + entry +
         '\x22' + HpackNumber(payload.size(), 7) + std::string(payload);
}

// Each of `calls` on one connection: every one is answered or reset, and the connection serves on.
Outcome EachCostsItsCall(const Target& target, Who who, const std::vector<std::string (*)(uint32_t stream)>& calls) {
  Http2Peer peer(target, who);
  for (const auto& call : calls) {
    const Outcome outcome = peer.Once(call(peer.next_stream()));
    if (outcome.kind != Outcome::Kind::kHeld) return outcome;
  }
  return Outcome::Held("served after each of " + std::to_string(calls.size()));
}

Outcome MessageLies(const Target& target, Who who) {
  return EachCostsItsCall(
      target, who,
      {[](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, 0, s, "\0\xff\xff\xff\xffx"); },
       [](uint32_t s) {  // the most that is allowed, and never sent
         return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, 0, s, std::string("\0\1\x10\0\0x", 6));
       },
       [](uint32_t s) {  // more announced than there is
         return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, kEndStream, s, std::string("\0\0\0\1\0x", 6));
       },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, 0, s, Message("x", 1)); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, 0, s, Message("x", 9)); },
       [](uint32_t s) {
         return HeaderFrames(s, Request(kHealthCheck)) + Frame(kData, kEndStream, s, Message("") + Message("") + "\0");
       },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck), kEndStream); }});
}

Outcome HeadLies(const Target& target, Who who) {
  return EachCostsItsCall(
      target, who,
      {[](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck) + Literal("grpc-encoding", "gzip")); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck) + Literal("grpc-timeout", "1n")); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck) + Literal("grpc-timeout", "99999999H")); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck) + Literal("x-bin", "===")); },
       [](uint32_t s) { return HeaderFrames(s, Request("/" + std::string(60000, 'p'))); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck, "TRACE")); },
       [](uint32_t s) { return HeaderFrames(s, Request(kHealthCheck, "POST", "text/html")); }});
}

// Messages of no byte: five bytes each on the wire.
Outcome EmptyMessages(const Target& target, Who who) {
  Http2Peer peer(target, who);
  std::string many;
  while (many.size() < 16000) many += Message("");
  return peer.Flood([&] {
    const uint32_t stream = peer.next_stream();
    return HeaderFrames(stream, Request(kHealthCheck)) + Frame(kData, 0, stream, many);
  });
}

// Tiny messages for a session that is not there yet: they wait while a worker looks at the token, for many at once.
Outcome MessagesBeforeTheAnswer(const Target& target, Who who) {
  std::string many;
  while (many.size() < 16380) many += Message("x");
  many.resize(16384);
  std::deque<Http2Peer> peers;
  const auto end = Clock::now() + target.time;
  size_t cut = 0;
  while (Clock::now() < end && peers.size() < 200) {
    Http2Peer& peer = peers.emplace_back(target, who);
    std::string calls;
    for (int i = 0; i < 4; ++i) {
      const uint32_t stream = peer.next_stream();
      calls += peer.Open(stream) + Frame(kData, 0, stream, many);
    }
    peer.Say(calls);
  }
  for (Http2Peer& peer : peers) cut += peer.socket().open() ? 0 : 1;
  return Outcome::Held(std::to_string(peers.size()) + " connections, " + std::to_string(cut) + " cut");
}

// One byte in each frame: nine bytes of head each. Calls that take everything.
Outcome OneByteEach(const Target& target, Who who) {
  Http2Peer peer(target, who);
  std::vector<uint32_t> streams;
  for (int i = 0; i < 8; ++i) {
    streams.push_back(peer.next_stream());
    peer.Say(HeaderFrames(streams.back(), Request(kHealthCheck)));
  }
  size_t next = 0;
  return peer.Flood([&] { return Frame(kData, 0, streams[next++ % streams.size()], std::string(1, '\0')); });
}

// A message of 17 MiB to a call that takes one: strangers get one window, not more.
Outcome OversizedMessage(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const uint32_t stream = peer.next_stream();
  peer.Say(HeaderFrames(stream, Request(kHealthCheck)) + Frame(kData, 0, stream, std::string("\0\1\x10\0\0", 5)));
  const std::string part = Frame(kData, 0, stream, std::string(16000, 'x'));
  Outcome outcome = peer.Flood([&] { return part; });
  return outcome;
}

// --- Known peers ---

// Asks a target for answers that nobody takes, as fast as the windows allow.
Outcome StoppedReader(const Target& target, Who who) {
  Http2Peer peer(target, who, Setting(4, 0));
  if (!peer.known()) return Outcome::NotLetIn();
  const std::string message = Message(WriteBytes("echo " + std::string(80, 'x') + "\n"));
  const std::string ask = Frame(kData, 0, 1, message);
  const auto end = Clock::now() + target.time;
  uint64_t asked = 0;
  while (peer.socket().open() && Clock::now() < end) {
    std::string many;
    for (; many.size() < 16 * 1024 && (asked + 1) * message.size() <= peer.window(); ++asked) many += ask;
    many.empty() ? peer.Listen(end - Clock::now()) : static_cast<void>(peer.Say(many));
  }
  const std::string story = peer.Story() + ", asked " + std::to_string(asked) + " times";
  return peer.socket().open() ? Outcome::Held(story) : Outcome::Cut(story);
}

// The session is refused, and its user neither hears it nor stops.
Outcome DeafAfterTheEnd(const Target& target, Who who) {
  Http2Peer peer(target, who, Setting(4, 0));
  peer.Say(Frame(kData, 0, 1, Message(PacketBytes("AgentTCPConnectionWrite", "no connection id"))));
  const std::string ask = Frame(kData, 0, 1, Message(WriteBytes(std::string(80, 'x'))));
  return peer.Flood([&] { return ask; });
}

// Packets of sessions that are not.
Outcome PacketsForNobody(const Target& target, Who who) {
  Http2Peer peer(target, who);
  const std::string lost = Frame(kData, 0, 1, Message(PacketBytes("ClientTCPConnectionWrite", "late")));
  return peer.Flood([&] { return lost; });
}

// --- Half of something, until the deadline ---

Outcome HalfPreface(const Target& target, Who) {
  RawSocket socket(target.grpc_port);
  socket.Say(kMagic.substr(0, 12));
  return UntilDeadline(socket);
}

Outcome HalfHead(const Target& target, Who) {
  Http2Peer peer(target, Who::kStranger);
  peer.Say(Frame(kHeaders, 0, 3, Request()));
  return UntilDeadline(peer.socket());
}

Outcome HalfFrame(const Target& target, Who) {
  Http2Peer peer(target, Who::kStranger);
  peer.Say(FrameHead(65536, kHeaders, 0, 3) + Request());
  return UntilDeadline(peer.socket());
}

Outcome HalfMessage(const Target& target, Who) {
  Http2Peer peer(target, Who::kStranger);
  peer.Say(HeaderFrames(3, Request(kHealthCheck)) + Frame(kData, 0, 3, std::string("\0\0\0\1\0x", 6)));
  return UntilDeadline(peer.socket());
}

// Served, and never says who it is.
Outcome HealthChecksForEver(const Target& target, Who) {
  Http2Peer peer(target, Who::kStranger);
  const auto end = Clock::now() + kBeyondDeadline;
  while (peer.socket().open() && Clock::now() < end) {
    peer.Serves();
    peer.socket().AwaitEnd(Seconds(0.2));
  }
  return peer.socket().open() ? Outcome::Failed("not cut at the deadline") : Outcome::Cut(peer.Story());
}

// A byte of a message from time to time.
Outcome SlowMessage(const Target& target, Who) {
  Http2Peer peer(target, Who::kStranger);
  peer.Say(HeaderFrames(3, Request(kHealthCheck)) + Frame(kData, 0, 3, std::string("\0\0\0\1\0", 5)));
  const auto end = Clock::now() + kBeyondDeadline;
  while (peer.socket().open() && Clock::now() < end) {
    peer.Say(Frame(kData, 0, 3, "x"));
    peer.socket().AwaitEnd(Seconds(0.2));
  }
  return peer.socket().open() ? Outcome::Failed("not cut at the deadline") : Outcome::Cut(peer.Story());
}

}  // namespace

const std::vector<Attack>& GrpcAttacks() {
  static const std::vector<Attack> kAttacks = {
      {"message-lies", Must::kBeHeld, MessageLies, {Who::kStranger, Who::kAgent}},
      {"head-lies", Must::kBeHeld, HeadLies, {Who::kStranger, Who::kAgent}},
      {"empty-messages", Must::kBeEither, EmptyMessages, {Who::kStranger, Who::kAgent}},
      {"messages-before-the-answer", Must::kBeHeld, MessagesBeforeTheAnswer},
      {"one-byte-each", Must::kBeEither, OneByteEach, {Who::kStranger, Who::kAgent}},
      {"oversized-message", Must::kBeEither, OversizedMessage, {Who::kStranger, Who::kAgent}, Lasts::kMoment, 48},
      {"stopped-reader", Must::kBeEither, StoppedReader, {Who::kUser}, Lasts::kMoment, 64},
      {"deaf-after-the-end", Must::kBeCut, DeafAfterTheEnd, {Who::kUser}},
      {"packets-for-nobody", Must::kBeCut, PacketsForNobody, {Who::kAgent}},
      {"half-preface", Must::kBeCut, HalfPreface, {Who::kStranger}, Lasts::kUntilDeadline},
      {"half-head", Must::kBeCut, HalfHead, {Who::kStranger}, Lasts::kUntilDeadline},
      {"half-frame", Must::kBeCut, HalfFrame, {Who::kStranger}, Lasts::kUntilDeadline},
      {"half-message", Must::kBeCut, HalfMessage, {Who::kStranger}, Lasts::kUntilDeadline},
      {"health-checks-for-ever", Must::kBeCut, HealthChecksForEver, {Who::kStranger}, Lasts::kUntilDeadline},
      {"slow-message", Must::kBeCut, SlowMessage, {Who::kStranger}, Lasts::kUntilDeadline},
  };
  return kAttacks;
}

}  // namespace hoop::floods

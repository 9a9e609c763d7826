// Attacks on TLS: handshakes that are half, many, slow, or begun again. Only when the listeners speak it (--tls).
#include <deque>
#include <random>
#include <utility>

#include "tests/floods/attack.h"
#include "tests/floods/http2_bytes.h"
#include "tests/floods/tls_peer.h"

namespace hoop::floods {
namespace {

constexpr Seconds kBeyondDeadline(12);  // the gateway gives strangers 10 s
constexpr size_t kCrowd = 1000;

Outcome AfterDeadline(RawSocket& socket, Clock::time_point begin) {
  if (!socket.AwaitEnd(kBeyondDeadline - (Clock::now() - begin))) return Outcome::Failed("not cut at the deadline");
  return Outcome::Cut("after " + std::to_string(Seconds(Clock::now() - begin).count()).substr(0, 4) + " s");
}

std::string Hello(TlsPeer& peer) {
  peer.Step();
  return std::exchange(peer.to_send(), "");
}

// A record of a type.
std::string Record(uint8_t type, size_t length, std::string_view payload) {
  return http2::Number(type, 1) + "\x03\x01" + http2::Number(length, 2) + std::string(payload);
}

Outcome Garbage(const Target& target, Who) {
  std::mt19937 random(3);
  std::string noise(2000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"a hello of noise", Record(22, 2000, noise)},
      {"a record longer than any", Record(22, 0xffff, noise)},
      {"data before the handshake", Record(22, 4, std::string("\1\0\0\0", 4)) + Record(23, 2000, noise)},
      {"alerts", Record(21, 2, "\1\1") + Record(21, 2, "\2\1")},
      {"SSL 2", std::string("\x80\x2e\x01\x00\x02", 5) + noise.substr(0, 41)}};
  for (const uint16_t port : {target.grpc_port, target.http_port}) {
    for (const auto& [name, bytes] : cases) {
      RawSocket socket(port);
      socket.Say(bytes);
      if (!socket.AwaitEnd(Seconds(3))) return Outcome::Failed(std::string(name) + ": goes on");
    }
  }
  return Outcome::Cut("each of " + std::to_string(2 * cases.size()));
}

// Records that bring no byte of the handshake on.
Outcome EmptyRecords(const Target& target, Who) {
  RawSocket socket(target.grpc_port);
  std::string records;
  while (records.size() < 16000) records += Record(22, 0, "");
  const auto end = Clock::now() + target.time;
  while (socket.open() && Clock::now() < end) socket.Say(records, end - Clock::now());
  return socket.AwaitEnd(Seconds(1)) ? Outcome::Cut("ended") : Outcome::Failed("goes on");
}

// Honest, though each byte of the hello is a segment of its own.
Outcome HelloByByte(const Target& target, Who) {
  TlsPeer peer(target.http_port, TLS1_3_VERSION);
  for (const char byte : Hello(peer)) peer.socket().Say({&byte, 1});
  if (!peer.Shake()) return Outcome::Failed("no handshake");
  peer.Say("GET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto end = Clock::now() + Seconds(5);
  std::string answer;
  while (answer.empty() && peer.socket().open() && Clock::now() < end) answer = peer.Hear(end - Clock::now());
  return answer.starts_with("HTTP/1.1 200") ? Outcome::Held("served") : Outcome::Failed("not served");
}

Outcome HelloOnly(const Target& target, Who) {
  TlsPeer peer(target.grpc_port, TLS1_3_VERSION);
  const auto begin = Clock::now();
  peer.socket().Say(Hello(peer));
  return AfterDeadline(peer.socket(), begin);
}

Outcome SlowHello(const Target& target, Who) {
  TlsPeer peer(target.grpc_port, TLS1_3_VERSION);
  const auto begin = Clock::now();
  for (const char byte : Hello(peer)) {
    if (!peer.socket().open() || Clock::now() - begin > kBeyondDeadline) break;
    peer.socket().Say({&byte, 1});
    peer.socket().AwaitEnd(Seconds(0.2));
  }
  return AfterDeadline(peer.socket(), begin);
}

Outcome HandshakeOnly(const Target& target, Who) {
  TlsPeer peer(target.grpc_port, TLS1_3_VERSION);
  const auto begin = Clock::now();
  if (!peer.Shake()) return Outcome::Failed("no handshake");
  return AfterDeadline(peer.socket(), begin);
}

// A handshake is the most expensive thing that a stranger can ask for.
Outcome HandshakeFlood(const Target& target, Who) {
  const auto end = Clock::now() + target.time;
  size_t count = 0;
  for (; Clock::now() < end; ++count) {
    TlsPeer peer(target.grpc_port, count % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (!peer.Shake()) return Outcome::Failed("handshake " + std::to_string(count) + " was not done");
    peer.socket().ResetOnClose();
  }
  return Outcome::Held(std::to_string(count) + " handshakes");
}

// TLS 1.2: again and again on one connection.
Outcome Renegotiation(const Target& target, Who) {
  TlsPeer peer(target.grpc_port, TLS1_2_VERSION);
  if (!peer.Shake()) return Outcome::Failed("no handshake");
  for (const auto end = Clock::now() + target.time; peer.socket().open() && Clock::now() < end;) {
    if (::SSL_renegotiate(peer.ssl()) != 1) break;
    if (peer.Shake(Seconds(0.3)) && ::SSL_renegotiate_pending(peer.ssl()) == 0) {
      return Outcome::Failed("a second handshake on the same connection");
    }
  }
  return peer.socket().open() ? Outcome::Held("refused") : Outcome::Cut("refused and ended");
}

// TLS 1.3: every record asks for new keys.
Outcome KeyUpdates(const Target& target, Who) {
  TlsPeer peer(target.grpc_port, TLS1_3_VERSION);
  if (!peer.Shake()) return Outcome::Failed("no handshake");
  size_t count = 0;
  for (const auto end = Clock::now() + target.time; peer.socket().open() && Clock::now() < end; ++count) {
    ::SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED);
    peer.Step();
    if (peer.to_send().size() > 16000) peer.SendAll();
    peer.Listen(Seconds(0));
  }
  const std::string story = std::to_string(count) + " new keys asked for";
  return peer.socket().open() ? Outcome::Held(story) : Outcome::Cut(story);
}

// Hellos by a crowd: the gateway's half of each handshake stays until the deadline.
Outcome Crowd(uint16_t port, bool whole) {
  std::deque<TlsPeer> peers;
  for (size_t i = 0; i < kCrowd; ++i) {
    TlsPeer& peer = peers.emplace_back(port, TLS1_3_VERSION);
    whole ? static_cast<void>(peer.Shake(Seconds(1))) : static_cast<void>(peer.socket().Say(Hello(peer)));
  }
  const auto begin = Clock::now();
  size_t open = 0;
  for (TlsPeer& peer : peers) open += peer.socket().AwaitEnd(kBeyondDeadline - (Clock::now() - begin)) ? 0 : 1;
  const std::string story = std::to_string(open) + " of 1000 open at the end";
  return open == 0 ? Outcome::Cut(story) : Outcome::Failed(story);
}

Outcome CrowdOfHellos(const Target& target, Who) { return Crowd(target.grpc_port, false); }
Outcome CrowdOfHandshakes(const Target& target, Who) { return Crowd(target.grpc_port, true); }
Outcome HttpCrowdOfHellos(const Target& target, Who) { return Crowd(target.http_port, false); }

}  // namespace

const std::vector<Attack>& TlsAttacks() {
  static const std::vector<Attack> kAttacks = {
      {"tls-garbage", Must::kBeCut, Garbage},
      {"tls-empty-records", Must::kBeCut, EmptyRecords},
      {"tls-hello-by-byte", Must::kBeHeld, HelloByByte},
      {"tls-handshake-flood", Must::kBeHeld, HandshakeFlood},
      {"tls-renegotiation", Must::kBeEither, Renegotiation},
      {"tls-key-updates", Must::kBeEither, KeyUpdates},
      {"tls-hello-only", Must::kBeCut, HelloOnly, {Who::kStranger}, Lasts::kUntilDeadline},
      {"tls-slow-hello", Must::kBeCut, SlowHello, {Who::kStranger}, Lasts::kUntilDeadline},
      {"tls-handshake-only", Must::kBeCut, HandshakeOnly, {Who::kStranger}, Lasts::kUntilDeadline},
      {"tls-crowd-of-hellos", Must::kBeCut, CrowdOfHellos, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      {"tls-crowd-of-handshakes", Must::kBeCut, CrowdOfHandshakes, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      // Three crowds side by side, 8 MiB for each.
      {"tls-http-crowd-of-hellos", Must::kBeCut, HttpCrowdOfHellos, {Who::kStranger}, Lasts::kUntilCrowdIsGone, 16},
  };
  return kAttacks;
}

}  // namespace hoop::floods

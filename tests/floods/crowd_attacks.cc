// Attacks by number: a thousand connections that say nothing, or next to nothing, and connections that come and go.
#include <deque>
#include <string>
#include <thread>

#include "tests/floods/attack.h"
#include "tests/floods/http2_bytes.h"
#include "tests/floods/http2_peer.h"

namespace hoop::floods {
namespace {

constexpr size_t kCrowd = 1000;
constexpr Seconds kBeyondDeadline(13);
constexpr size_t kSecondListenerMib = 8;  // all crowds come at once, to both listeners

size_t CountOpen(std::deque<RawSocket>& sockets) {
  size_t count = 0;
  for (RawSocket& socket : sockets) {
    socket.Listen();
    count += socket.open() ? 1 : 0;
  }
  return count;
}

std::string OpenText(size_t open) { return std::to_string(open) + " of " + std::to_string(kCrowd) + " open"; }

// A crowd whose members say `greeting`, then one byte of `slowly` each second, until nobody is left.
Outcome Crowd(uint16_t port, std::string_view greeting, std::string_view slowly) {
  std::deque<RawSocket> sockets;
  for (size_t i = 0; i < kCrowd; ++i) sockets.emplace_back(port).Say(greeting);
  const size_t at_first = CountOpen(sockets);
  const auto begin = Clock::now();
  size_t open = at_first;
  for (size_t second = 0; open > 0 && Clock::now() - begin < kBeyondDeadline; ++second) {
    if (!slowly.empty()) {
      for (RawSocket& socket : sockets) socket.Say(slowly.substr(second % slowly.size(), 1));
    }
    for (RawSocket& socket : sockets) {
      if (socket.open() && !socket.AwaitEnd(Seconds(1))) break;
    }
    open = CountOpen(sockets);
  }
  const std::string story = OpenText(at_first) + " at first, " + OpenText(open) + " at the end";
  return open == 0 ? Outcome::Cut(story) : Outcome::Failed(story);
}

std::string Preface() { return std::string(http2::kMagic) + http2::Frame(http2::kSettings, 0, 0, ""); }

Outcome SilentGrpc(const Target& target, Who) { return Crowd(target.grpc_port, "", ""); }
Outcome SilentHttp(const Target& target, Who) { return Crowd(target.http_port, "", ""); }
Outcome GreetedGrpc(const Target& target, Who) { return Crowd(target.grpc_port, Preface(), ""); }
Outcome SlowGrpc(const Target& target, Who) {
  return Crowd(target.grpc_port, Preface() + http2::FrameHead(60000, http2::kHeaders, 0, 1), std::string(1, '\0'));
}
Outcome SlowHttp(const Target& target, Who) {
  return Crowd(target.http_port, "GET /api/healthz HTTP/1.1\r\nHost: x\r\nX: ", "y");
}

// Whole heads of the largest size, by a crowd.
Outcome HoardGrpc(const Target& target, Who) {
  const std::string half = http2::Request() + http2::Literal("x", std::string(60000, 'a'));
  return Crowd(target.grpc_port, Preface() + http2::Frame(http2::kHeaders, 0, 1, half.substr(0, 60000)), "");
}
Outcome HoardHttp(const Target& target, Who) {
  return Crowd(target.http_port, "GET /api/healthz HTTP/1.1\r\nHost: x\r\nX: " + std::string(60000, 'y'), "");
}

// Comes, says `greeting`, goes.
Outcome ComeAndGo(const Target& target, uint16_t port, std::string_view greeting, bool by_reset) {
  const auto end = Clock::now() + target.time;
  size_t count = 0;
  for (; Clock::now() < end; ++count) {
    RawSocket socket(port);
    if (!socket.open()) return Outcome::Failed("connection " + std::to_string(count) + " was not accepted");
    if (!greeting.empty()) socket.Say(greeting);
    if (by_reset) socket.ResetOnClose();
  }
  return Outcome::Held(std::to_string(count) + " connections");
}

Outcome ComeAndGoGrpc(const Target& target, Who) { return ComeAndGo(target, target.grpc_port, "", true); }
Outcome GreetAndGo(const Target& target, Who) { return ComeAndGo(target, target.grpc_port, Preface(), true); }
Outcome ComeAndGoHttp(const Target& target, Who) { return ComeAndGo(target, target.http_port, "", true); }

Outcome AskAndGo(const Target& target, Who) {
  return ComeAndGo(target, target.http_port, "GET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\n", true);
}

// The control: what is measured beside it is the machine.
Outcome Nobody(const Target& target, Who) {
  std::this_thread::sleep_for(target.time);
  return Outcome::Held("nothing was done");
}

// More connections than the gateway has descriptors, held for a while.
Outcome Descriptors(const Target& target, Who) {
  std::deque<RawSocket> sockets;
  for (size_t i = 0; i < kCrowd; ++i) {
    sockets.emplace_back(target.grpc_port);
    sockets.emplace_back(target.http_port);
  }
  for (const auto end = Clock::now() + target.time; Clock::now() < end;) {
    for (RawSocket& socket : sockets) {
      if (socket.open() && !socket.AwaitEnd(end - Clock::now())) break;
    }
  }
  return Outcome::Held(std::to_string(CountOpen(sockets)) + " of " + std::to_string(2 * kCrowd) + " open");
}

}  // namespace

const std::vector<Attack>& CrowdAttacks() {
  static const std::vector<Attack> kAttacks = {
      {"nobody", Must::kBeHeld, Nobody},
      {"come-and-go", Must::kBeHeld, ComeAndGoGrpc},
      {"greet-and-go", Must::kBeHeld, GreetAndGo},
      {"http-come-and-go", Must::kBeHeld, ComeAndGoHttp},
      {"http-ask-and-go", Must::kBeHeld, AskAndGo},
      {"descriptors", Must::kBeHeld, Descriptors},
      {"crowd-silent", Must::kBeCut, SilentGrpc, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      {"crowd-greeted", Must::kBeCut, GreetedGrpc, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      {"crowd-slow", Must::kBeCut, SlowGrpc, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      {"crowd-hoarding", Must::kBeCut, HoardGrpc, {Who::kStranger}, Lasts::kUntilCrowdIsGone},
      {"http-crowd-silent", Must::kBeCut, SilentHttp, {Who::kStranger}, Lasts::kUntilCrowdIsGone, kSecondListenerMib},
      {"http-crowd-slow", Must::kBeCut, SlowHttp, {Who::kStranger}, Lasts::kUntilCrowdIsGone, kSecondListenerMib},
      {"http-crowd-hoarding", Must::kBeCut, HoardHttp, {Who::kStranger}, Lasts::kUntilCrowdIsGone, kSecondListenerMib},
  };
  return kAttacks;
}

}  // namespace hoop::floods

// Attacks on the HTTP listener: heads and bodies that are large, slow, or mean two things.
#include <deque>
#include <functional>

#include "tests/floods/attack.h"
#include "tests/floods/http2_bytes.h"

namespace hoop::floods {
namespace {

constexpr Seconds kBeyondDeadline(12);  // the gateway gives strangers 10 s

// What the gateway answers to `bytes`: the number of the first answer, 0 for none.
int StatusOf(RawSocket& socket, std::string_view bytes) {
  socket.heard().clear();
  socket.Say(bytes);
  const auto end = Clock::now() + Seconds(2);
  while (socket.open() && socket.heard().find("\r\n\r\n") == std::string::npos && Clock::now() < end) {
    socket.Listen(end - Clock::now());
  }
  return socket.heard().starts_with("HTTP/1.1 ") ? std::stoi(socket.heard().substr(9, 3)) : 0;
}

struct Case {
  const char* name;
  int status;
  std::string bytes;
};

// Each of `cases` on a connection of its own: refused with its number, and nothing behind it is read as a request.
Outcome EachIsRefused(const Target& target, const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    RawSocket socket(target.http_port);
    const int status = StatusOf(socket, one.bytes);
    if (status != one.status) return Outcome::Failed(std::string(one.name) + ": answered " + std::to_string(status));
    if (!socket.AwaitEnd(Seconds(3))) return Outcome::Failed(std::string(one.name) + ": goes on");
    const std::string& heard = socket.heard();
    const bool second = heard.find("HTTP/1.1 2", 9) != heard.npos || heard.find("HTTP/1.1 4", 9) != heard.npos;
    if (second) return Outcome::Failed(std::string(one.name) + ": a second answer");
  }
  return Outcome::Cut("each of " + std::to_string(cases.size()));
}

Outcome Flood(RawSocket& socket, const Target& target, const std::function<std::string()>& next) {
  const auto end = Clock::now() + target.time;
  while (socket.open() && Clock::now() < end) {
    if (!socket.Say(next(), end - Clock::now())) break;
    socket.heard().clear();
  }
  return socket.open() ? Outcome::Held("goes on") : Outcome::Cut("ended");
}

// A byte of `bytes` each 0.2 s, `again` when they are at their end, until the deadline has passed.
Outcome Drip(RawSocket& socket, std::string bytes, std::string_view again) {
  const auto begin = Clock::now();
  for (size_t at = 0; socket.open() && Clock::now() - begin < kBeyondDeadline; ++at) {
    if (at == bytes.size()) bytes += again;
    socket.Say(bytes.substr(at, 1));
    socket.AwaitEnd(Seconds(0.2));
  }
  if (socket.open()) return Outcome::Failed("not cut at the deadline");
  return Outcome::Cut("after " + std::to_string(Seconds(Clock::now() - begin).count()).substr(0, 4) + " s");
}

const char kGet[] = "GET /api/healthz HTTP/1.1\r\nHost: x\r\n";
const char kPost[] = "POST /api/localauth/login HTTP/1.1\r\nHost: x\r\n";
const char kHidden[] = "GET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\n";

// What another program in front of us could read in another way.
Outcome Smuggling(const Target& target, Who) {
  const std::string get = kGet, post = kPost, hidden = kHidden;
  return EachIsRefused(
      target,
      {{"length and chunks", 411, post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden},
       {"chunks and length", 411, post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden},
       {"two lengths", 400, post + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + hidden},
       {"two equal lengths", 400, post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + hidden},
       {"a list of lengths", 400, post + "Content-Length: 0, 40\r\n\r\n" + hidden},
       {"a signed length", 400, post + "Content-Length: +5\r\n\r\n12345" + hidden},
       {"a negative length", 400, post + "Content-Length: -1\r\n\r\n" + hidden},
       {"a length in hex", 400, post + "Content-Length: 0x10\r\n\r\n" + hidden},
       {"a length beyond 64 bits", 400, post + "Content-Length: 99999999999999999999999\r\n\r\n" + hidden},
       {"a folded line", 400, get + "X: a\r\n b\r\n\r\n" + hidden},
       {"a folded first line", 400, "GET /api/healthz HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n" + hidden},
       {"a bare LF", 400, "GET /api/healthz HTTP/1.1\nHost: x\r\n\r\n" + hidden},
       {"a bare CR", 400, get + "X: a\rY: b\r\n\r\n" + hidden},
       {"a blank before the colon", 400, get + "Content-Length : 40\r\n\r\n" + hidden},
       {"chunks spelled otherwise", 411, post + "transfer-encoding: xchunked\r\n\r\n" + hidden},
       {"two hosts", 400, get + "Host: y\r\n\r\n" + hidden},
       {"a zero byte", 400, get + std::string("X: a\0b\r\n\r\n", 10) + hidden}});
}

Outcome Chunks(const Target& target, Who) {
  const std::string chunked = std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\n";
  std::string trailers;
  while (trailers.size() < 200000) trailers += "X-Trailer: more\r\n";
  return EachIsRefused(target, {{"a giant chunk", 411, chunked + "ffffffffffffffff\r\n"},
                                {"an extension", 411, chunked + "1;" + std::string(60000, 'e') + "\r\nx\r\n0\r\n\r\n"},
                                {"trailers without end", 411, chunked + "0\r\n" + trailers},
                                {"a negative chunk", 411, chunked + "-1\r\n"}});
}

Outcome Heads(const Target& target, Who) {
  const std::string get = kGet;
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "X-Line: y\r\n";
  return EachIsRefused(target,
                       {{"a huge request line", 431, "GET /" + std::string(100000, 'a')},
                        {"a long target", 414, "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
                        {"a huge header", 431, get + "X: " + std::string(100000, 'b')},
                        {"a thousand lines", 431, get + lines + "\r\n"},
                        {"a body that is too large", 413, std::string(kPost) + "Content-Length: 999999999\r\n\r\n"},
                        {"no HTTP", 400, std::string("\x16\x03\x01\x02\x00\x01", 6) + std::string(500, 'r')},
                        {"HTTP/2", 505, std::string(http2::kMagic) + http2::Frame(http2::kSettings, 0, 0, "")},
                        {"a method of 1000 letters", 404, std::string(1000, 'M') + " / HTTP/1.0\r\n\r\n"},
                        {"CONNECT", 400, "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n"},
                        {"another host's", 400, "GET http://example.test/ HTTP/1.1\r\nHost: x\r\n\r\n"}});
}

Outcome HugeHeadFlood(const Target& target, Who) {
  RawSocket socket(target.http_port);
  socket.Say(kGet);
  return Flood(socket, target, [] { return "X: " + std::string(16000, 'x') + "\r\n"; });
}

// A refused peer that goes on talking.
Outcome TalksOnAfterRefusal(const Target& target, Who) {
  RawSocket socket(target.http_port);
  socket.TurnDeaf();  // an orderly end of the other direction is no reason to stop
  socket.Say("nonsense\r\n\r\n");
  const auto end = Clock::now() + Seconds(4);
  while (socket.open() && Clock::now() < end) socket.Say(std::string(1000, 'x'));
  return socket.open() ? Outcome::Failed("goes on") : Outcome::Cut("ended");
}

// Thousands of requests at once, and nobody takes the answers.
Outcome Pipelining(const Target& target, Who who) {
  RawSocket socket(target.http_port);
  socket.TurnDeaf();
  std::string requests;
  const std::string token = who == Who::kUser ? "Authorization: Bearer " + target.user_token + "\r\n" : "";
  for (int i = 0; i < 100; ++i) requests += "GET /api/serverinfo HTTP/1.1\r\nHost: x\r\n" + token + "\r\n";
  return Flood(socket, target, [&] { return requests; });
}

// The same with somebody who takes them.
Outcome RequestFlood(const Target& target, Who) {
  RawSocket socket(target.http_port);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "OPTIONS /api/sessions HTTP/1.1\r\nHost: x\r\n\r\n";
  return Flood(socket, target, [&] { return requests; });
}

// Every password costs tens of milliseconds.
Outcome LoginFlood(const Target& target, Who) {
  const std::string body = R"({"email":"admin@hoop.local","password":"wrong"})";
  const std::string request = std::string(kPost) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::deque<RawSocket> sockets;
  for (int i = 0; i < 100; ++i) sockets.emplace_back(target.http_port).Say(request);
  const auto end = Clock::now() + target.time;
  size_t refused = 0, busy = 0;
  while (Clock::now() < end) {
    for (RawSocket& socket : sockets) {
      socket.Listen();
      if (socket.heard().empty() && socket.open()) continue;
      (socket.heard().starts_with("HTTP/1.1 503") ? busy : refused) += 1;
      socket = RawSocket(target.http_port);
      socket.Say(request);
    }
    sockets.front().Listen(Seconds(0.01));
  }
  for (RawSocket& socket : sockets) socket.AwaitEnd(kBeyondDeadline);  // those that wait are answered, or late
  return Outcome::Held(std::to_string(refused) + " refused, " + std::to_string(busy) + " told that it is busy");
}

// A large answer that nobody takes, on many connections.
Outcome AnswersUnread(const Target& target, Who) {
  std::deque<RawSocket> sockets;
  std::string request =
      "GET /api/sessions?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + target.user_token + "\r\n\r\n";
  for (int i = 0; i < 200; ++i) {
    RawSocket& socket = sockets.emplace_back(target.http_port);
    socket.TurnDeaf();
    for (int k = 0; k < 20; ++k) socket.Say(request);
  }
  sockets.front().AwaitEnd(target.time);
  return Outcome::Held("200 connections");
}

// --- Slow, until the deadline ---

Outcome SlowHead(const Target& target, Who) {
  RawSocket socket(target.http_port);
  return Drip(socket, kGet, "X: y\r\n");
}

Outcome SlowBody(const Target& target, Who) {
  RawSocket socket(target.http_port);
  socket.Say(std::string(kPost) + "Content-Length: 1000\r\n\r\n");
  return Drip(socket, "{", " ");
}

// Served, and never says who it is.
Outcome SlowRequests(const Target& target, Who) {
  RawSocket socket(target.http_port);
  const auto end = Clock::now() + kBeyondDeadline;
  while (socket.open() && Clock::now() < end) {
    socket.Say(std::string(kGet) + "\r\n");
    socket.AwaitEnd(Seconds(0.2));
  }
  return socket.open() ? Outcome::Failed("not cut at the deadline") : Outcome::Cut("ended");
}

}  // namespace

const std::vector<Attack>& HttpAttacks() {
  static const std::vector<Attack> kAttacks = {
      {"http-smuggling", Must::kBeCut, Smuggling},
      {"http-chunks", Must::kBeCut, Chunks},
      {"http-heads", Must::kBeCut, Heads},
      {"http-huge-head", Must::kBeCut, HugeHeadFlood},
      {"http-talks-on", Must::kBeCut, TalksOnAfterRefusal},
      {"http-pipelining", Must::kBeEither, Pipelining, {Who::kStranger, Who::kUser}},
      {"http-request-flood", Must::kBeEither, RequestFlood},
      {"http-login-flood", Must::kBeHeld, LoginFlood, {Who::kStranger}, Lasts::kUntilDeadline, 34},
      {"http-answers-unread", Must::kBeHeld, AnswersUnread, {Who::kUser}, Lasts::kMoment, 64},
      {"http-slow-head", Must::kBeCut, SlowHead, {Who::kStranger}, Lasts::kUntilDeadline},
      {"http-slow-body", Must::kBeCut, SlowBody, {Who::kStranger}, Lasts::kUntilDeadline},
      {"http-slow-requests", Must::kBeCut, SlowRequests, {Who::kStranger}, Lasts::kUntilDeadline},
  };
  return kAttacks;
}

}  // namespace hoop::floods

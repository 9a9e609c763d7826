#include "tests/floods/http2_peer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace hoop::floods {
namespace {

using namespace http2;  // NOLINT(google-build-using-namespace): the vocabulary of this file

constexpr size_t kFloodStepBytes = 16 * 1024;
constexpr Seconds kMoment(0.15);  // long enough for the gateway to have ended the connection, if it wants to

std::string GoAwayName(int64_t code) {
  static constexpr std::array<const char*, 14> kNames = {"NO_ERROR",           "PROTOCOL_ERROR",   "INTERNAL_ERROR",
                                                         "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
                                                         "FRAME_SIZE_ERROR",   "REFUSED_STREAM",   "CANCEL",
                                                         "COMPRESSION_ERROR",  "CONNECT_ERROR",    "ENHANCE_YOUR_CALM",
                                                         "INADEQUATE",         "HTTP_1_1_REQUIRED"};
  return code < static_cast<int64_t>(kNames.size()) ? kNames[static_cast<size_t>(code)] : "?";
}

}  // namespace

std::string_view NameOf(Who who) {
  switch (who) {
    case Who::kStranger:
      return "stranger";
    case Who::kAgent:
      return "agent";
    case Who::kUser:
      return "user";
  }
  return "";
}

Http2Peer::Http2Peer(const Target& target, Who who, std::string_view settings)
    : target_(target), who_(who), socket_(target.grpc_port) {
  Say(std::string(kMagic) + Frame(kSettings, 0, 0, ""));
  // Answered at once, so that the larger frames of the gateway's settings hold.
  if (AwaitFrame(kSettings, 0, Seconds(5))) Say(Frame(kSettings, kAck, 0, ""));
  if (who != Who::kStranger) {
    // The first message of the gateway: from here on it knows who this is.
    Say(Open(1));
    if (who == Who::kUser) Say(Frame(kData, 0, 1, Message(PacketBytes("AgentSessionOpen", ""))));
    known_ = AwaitFirstAnswer();
  }
  if (!settings.empty()) Say(Frame(kSettings, 0, 0, settings));
}

std::string Http2Peer::Credentials() const {
  if (who_ == Who::kAgent) return Literal("authorization", "Bearer " + target_.agent_key) + Literal("origin", "agent");
  if (who_ == Who::kUser) {
    return Literal("authorization", "Bearer " + target_.user_token) + Literal("origin", "client") +
           Literal("verb", "connect") + Literal("connection-name", target_.connection);
  }
  return Literal("authorization", "Bearer nonsense") + Literal("origin", "client") + Literal("verb", "connect");
}

std::string Http2Peer::Open(uint32_t stream, std::string_view path) const {
  return HeaderFrames(stream, Request(path) + Credentials());
}

Outcome Http2Peer::Flood(const std::function<std::string()>& next) {
  if (who_ != Who::kStranger && !known_) return Outcome::NotLetIn();
  const auto end = Clock::now() + target_.time;
  // A frame that cannot be sent as a whole is the last one.
  for (bool is_whole = true; is_whole && socket_.open() && Clock::now() < end;) {
    std::string step;
    while (step.size() < kFloodStepBytes) step += next();
    said_bytes_ += step.size();
    is_whole = socket_.Say(step, end - Clock::now());
    ReadFrames();
    seen_.clear();
  }
  socket_.AwaitEnd(kMoment);
  return socket_.open() ? Outcome::Held(Story()) : Outcome::Cut(Story());
}

Outcome Http2Peer::Once(std::string_view bytes) {
  if (who_ != Who::kStranger && !known_) return Outcome::NotLetIn();
  said_bytes_ += bytes.size();
  Say(bytes);
  if (socket_.AwaitEnd(kMoment)) return Outcome::Cut(Story());
  ReadFrames();
  return Serves() ? Outcome::Held(Story()) : Outcome::Failed("neither cut nor served: " + Story());
}

bool Http2Peer::Serves() {
  const uint32_t stream = next_stream();
  Say(HeaderFrames(stream, Request("/protobuf.Transport/HealthCheck")) + Frame(kData, kEndStream, stream, Message("")));
  return AwaitFrame(kData, stream, Seconds(5));
}

void Http2Peer::ReadFrames() {
  std::string& heard = socket_.heard();
  size_t at = 0;
  const auto byte = [&](size_t k) { return static_cast<size_t>(static_cast<unsigned char>(heard[at + k])); };
  while (at + kFrameHeadBytes <= heard.size()) {
    const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (at + kFrameHeadBytes + size > heard.size()) break;
    const auto stream = static_cast<uint32_t>(byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
    seen_.push_back({static_cast<uint8_t>(byte(3)), static_cast<uint8_t>(byte(4)), stream});
    if (seen_.back().type == kGoAway && size >= 8) {
      goaway_ = static_cast<int64_t>(byte(13) << 24 | byte(14) << 16 | byte(15) << 8 | byte(16));
    }
    if (seen_.back().type == kWindowUpdate && stream == 1 && size == 4) {
      window_ += byte(9) << 24 | byte(10) << 16 | byte(11) << 8 | byte(12);
    }
    at += kFrameHeadBytes + size;
  }
  heard.erase(0, at);
}

bool Http2Peer::AwaitFrame(uint8_t type, uint32_t stream, Seconds wait) {
  const Seen found = Await(wait, [=](const Seen& frame) { return frame.type == type && frame.stream == stream; });
  return found.type == type && found.stream == stream;
}

// A message; or the end of the stream, which is a refusal.
bool Http2Peer::AwaitFirstAnswer() {
  const Seen found = Await(Seconds(5), [](const Seen& frame) {
    return frame.stream == 1 && (frame.type == kData || (frame.flags & kEndStream) != 0);
  });
  return found.type == kData && found.stream == 1;
}

Http2Peer::Seen Http2Peer::Await(Seconds wait, const std::function<bool(const Seen&)>& wanted) {
  const auto end = Clock::now() + wait;
  for (;;) {
    ReadFrames();
    const std::vector<Seen> seen = std::exchange(seen_, {});
    if (const auto found = std::find_if(seen.begin(), seen.end(), wanted); found != seen.end()) return *found;
    const Seconds left = end - Clock::now();
    if (!socket_.open() || left.count() <= 0) return {.type = 0xff, .flags = 0, .stream = 0};
    socket_.Listen(left);
  }
}

std::string Http2Peer::Story() {
  ReadFrames();
  const Seconds time = Clock::now() - begin_;
  char text[160];
  std::snprintf(text, sizeof text, "%s%s%s after %.2f s, %llu KiB said", socket_.open() ? "goes on" : "ended",
                goaway_ >= 0 ? ", GOAWAY " : "", goaway_ >= 0 ? GoAwayName(goaway_).c_str() : "", time.count(),
                static_cast<unsigned long long>(said_bytes_ / 1024));
  return text;
}

Outcome EachIsCut(const Target& target, Who who, const std::vector<std::pair<const char*, std::string>>& cases) {
  for (const auto& [name, bytes] : cases) {
    Http2Peer peer(target, who);
    const Outcome outcome = peer.Once(bytes);
    if (outcome.kind == Outcome::Kind::kNotLetIn) return outcome;
    if (outcome.kind != Outcome::Kind::kCut) return Outcome::Failed(std::string(name) + ": " + outcome.detail);
  }
  return Outcome::Cut("each of " + std::to_string(cases.size()));
}

Outcome EachIsServed(const Target& target, Who who,
                     const std::vector<std::pair<const char*, std::string (*)(Http2Peer&)>>& cases) {
  Http2Peer peer(target, who);
  for (const auto& [name, bytes] : cases) {
    const Outcome outcome = peer.Once(bytes(peer));
    if (outcome.kind != Outcome::Kind::kHeld) return Outcome::Failed(std::string(name) + ": " + outcome.detail);
  }
  return Outcome::Held("served after each of " + std::to_string(cases.size()));
}

}  // namespace hoop::floods

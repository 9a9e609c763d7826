// An attacker that speaks HTTP/2: greets, becomes known when it has credentials, floods. Used by the attacks on gRPC.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/floods/attack.h"
#include "tests/floods/http2_bytes.h"

namespace hoop::floods {

// One connection to the gRPC listener. Stream 1 is taken when it is known; next_stream() gives the others.
class Http2Peer final {
 public:
  // Says the preface and `settings`; with credentials, opens stream 1 and waits until the gateway knows who it is.
  Http2Peer(const Target& target, Who who, std::string_view settings = "");

  bool Say(std::string_view bytes) { return socket_.Say(bytes); }
  // Says what `next` makes, 16 KiB at a time, until the peer is cut or the attack's time is over.
  Outcome Flood(const std::function<std::string()>& next);
  Outcome Flood(std::string frame) {
    return Flood([frame = std::move(frame)] { return frame; });
  }
  // Says `bytes` once; then looks whether it is cut within a moment, and whether it is served if not.
  Outcome Once(std::string_view bytes);
  // A HealthCheck on a stream of its own is answered with status 0.
  bool Serves();

  uint32_t next_stream() { return last_stream_ += 2; }
  // Opens a call to `path` with the headers of this peer.
  std::string Open(uint32_t stream, std::string_view path = "/protobuf.Transport/Connect") const;
  std::string Credentials() const;

  RawSocket& socket() { return socket_; }
  // Reads what comes, up to `wait` for something.
  void Listen(Seconds wait) {
    socket_.Listen(wait);
    ReadFrames();
    seen_.clear();
  }
  // What may have been said on stream 1 by now.
  uint64_t window() const { return window_; }
  bool known() const { return known_; }
  // "GOAWAY ENHANCE_YOUR_CALM after 0.01 s, 12 KiB said".
  std::string Story();

 private:
  struct Seen {
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
  };
  bool AwaitFrame(uint8_t type, uint32_t stream, Seconds wait);
  bool AwaitFirstAnswer();
  // The first frame that `wanted` likes; one of type 0xff when none came.
  Seen Await(Seconds wait, const std::function<bool(const Seen&)>& wanted);
  void ReadFrames();

  const Target& target_;
  const Who who_;
  RawSocket socket_;
  const Clock::time_point begin_ = Clock::now();
  uint64_t said_bytes_ = 0;
  uint64_t window_ = 65535;
  uint32_t last_stream_ = 1;
  bool known_ = false;
  int64_t goaway_ = -1;
  std::vector<Seen> seen_;  // since the last wait
};

// Each of `cases` on a connection of its own; every one has to end it.
Outcome EachIsCut(const Target& target, Who who, const std::vector<std::pair<const char*, std::string>>& cases);
// Each of `cases` on one connection; it has to serve after every one.
Outcome EachIsServed(const Target& target, Who who,
                     const std::vector<std::pair<const char*, std::string (*)(Http2Peer&)>>& cases);

}  // namespace hoop::floods

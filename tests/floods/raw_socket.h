// A TCP connection of an attacker: says any bytes, and notices when it is cut. Used by all attacks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace hoop::floods {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// One thread. Closed with its object.
class RawSocket final {
 public:
  explicit RawSocket(uint16_t port);  // of 127.0.0.1
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&& other) noexcept;

  // Sends all of it, waiting for room at most this long; then the rest is dropped and false comes back, as when the
  // connection is over.
  bool Say(std::string_view bytes, Seconds wait = Seconds(5));
  // Takes what came; waits for the first of it.
  void Listen(Seconds wait = Seconds(0));
  // Until the peer says or ends it; false when it did neither.
  bool AwaitEnd(Seconds wait);

  bool open() const { return open_; }
  // Everything that came and was not taken; the owner may clear it.
  std::string& heard() { return heard_; }
  // Reads nothing from now on: what the peer says stays in the kernel.
  void TurnDeaf() { deaf_ = true; }
  // The end is a reset instead of an orderly one.
  void ResetOnClose();
  void ShutdownWrite();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  bool open_ = false;
  bool deaf_ = false;
  std::string heard_;
};

}  // namespace hoop::floods

// A healthy session beside the attacks: asks and waits for the answer, over and over, and remembers how long it took.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/floods/raw_socket.h"

namespace hoop::floods {

// Owned by main. A thread of its own from the constructor to the destructor.
class Neighbour final {
 public:
  // `port`: where `hoop connect` listens for a connection to examples/tcp_demo.
  explicit Neighbour(uint16_t port);
  ~Neighbour();
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  // Of the round trips since the last call.
  struct Times {
    size_t count = 0;
    double p50_us = 0;
    double p99_us = 0;
  };
  Times Take();
  // It was answered, always and rightly.
  bool healthy() const { return healthy_; }

 private:
  void Run();

  RawSocket socket_;
  std::mutex mu_;
  std::vector<double> times_us_;  // guarded by mu_
  std::atomic<bool> stop_ = false, healthy_ = true;
  std::thread thread_;
};

}  // namespace hoop::floods

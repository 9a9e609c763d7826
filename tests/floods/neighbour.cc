#include "tests/floods/neighbour.h"

#include <algorithm>
#include <string>
#include <utility>

namespace hoop::floods {
namespace {

constexpr auto kPause = std::chrono::microseconds(500);  // between an answer and the next question
constexpr Seconds kPatience(10);

}  // namespace

Neighbour::Neighbour(uint16_t port) : socket_(port), thread_([this] { Run(); }) {}

Neighbour::~Neighbour() {
  stop_ = true;
  thread_.join();
}

Neighbour::Times Neighbour::Take() {
  std::vector<double> times;
  {
    const std::lock_guard lock(mu_);
    times.swap(times_us_);
  }
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  return {times.size(), times[times.size() / 2], times[times.size() * 99 / 100]};
}

void Neighbour::Run() {
  const auto hear = [this](const std::string& line) {
    const auto end = Clock::now() + kPatience;
    while (socket_.open() && !socket_.heard().ends_with(line) && Clock::now() < end) socket_.Listen(end - Clock::now());
    return socket_.heard().ends_with(line);
  };
  healthy_ = hear("quit\n");
  for (uint64_t number = 0; healthy_ && !stop_; ++number) {
    std::this_thread::sleep_for(kPause);
    const std::string text = std::to_string(number) + "\n";
    socket_.heard().clear();
    const auto begin = Clock::now();
    socket_.Say("echo " + text);
    healthy_ = hear(text);
    const double time_us = Seconds(Clock::now() - begin).count() * 1e6;
    const std::lock_guard lock(mu_);
    times_us_.push_back(time_us);
  }
}

}  // namespace hoop::floods

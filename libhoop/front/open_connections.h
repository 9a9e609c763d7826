// How many connections of a listener are open, whichever thread has them. Shared by Doorstep, which counts them up, and
// GuardedStream.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace hoop {

// Any thread.
class OpenConnections final {
 public:
  // One of them, from the day it is made to its end. Whoever has the connection owns it.
  class One final {
   public:
    explicit One(std::shared_ptr<OpenConnections> all) : all_(std::move(all)) { ++all_->count_; }
    ~One() {
      if (all_ != nullptr) --all_->count_;
    }
    One(One&&) noexcept = default;

   private:
    std::shared_ptr<OpenConnections> all_;  // null once moved from
  };

  size_t count() const { return count_; }

 private:
  std::atomic<size_t> count_ = 0;
};

}  // namespace hoop
